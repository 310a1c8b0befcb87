"""The fault matrix is complete, and names only tests that exist."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from support.source import REPOSITORY

PAGE = REPOSITORY / "docs/faults.md"
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def rows() -> Iterator[tuple[int, str, str, str]]:
    """Yield each row: its number, the fault, what happens, and the tests or the reason why there is none."""
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if re.fullmatch(r"\| \d+ \|.*", line):
            number, fault, happens, tests = cells
            yield int(number), fault, happens, tests


@cache
def functions(file: str) -> frozenset[str]:
    """Return the names of the test functions of a file."""
    tree = ast.parse((REPOSITORY / file).read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_the_rows_are_numbered_from_one_to_eighty_without_a_gap() -> None:
    assert [number for number, *_ in rows()] == list(range(1, 81))


@pytest.mark.parametrize("row", list(rows()), ids=lambda row: str(row[0]))
def test_a_row_names_tests_that_exist_or_says_why_there_is_none(row: tuple[int, str, str, str]) -> None:
    number, fault, happens, tests = row
    named = TEST.findall(tests)
    assert fault, number
    assert happens, number
    assert named or re.search(r"no test: \w.{20,}", tests), f"row {number} names neither a test nor a reason"
    assert tests.count("::") == len(named), f"row {number}: {tests}"
    for file, name in named:
        assert Path(REPOSITORY, file).is_file(), f"row {number}: no file {file}"
        assert name in functions(file), f"row {number}: no test {name} in {file}"
