"""The table of conformance cases is complete, and names only tests and records that exist."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

from support.source import REPOSITORY

PAGE = REPOSITORY / "docs/conformance.md"
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
RECORD = re.compile(r"\[(\d{4})\]\(decisions/(\d{4})-[\w-]+\.md\)")
CASES = [str(number) for number in range(1, 280)]
BUGS = [f"B{number:02}" for number in range(1, 39)]
OF_THE_DASHBOARD = {str(number) for number in range(265, 277)}
LATER = "with the dashboard"


def rows() -> Iterator[tuple[str, str, str]]:
    """Yield each row: its number, what it is about, and what covers it."""
    for line in PAGE.read_text().splitlines():
        if re.fullmatch(r"\| B?\d+ \|.*", line):
            number, short, covered = (cell.strip() for cell in line.strip("|").split(" | "))
            yield number, short, covered


@cache
def functions(file: str) -> frozenset[str]:
    """Return the names of the test functions of a file."""
    tree = ast.parse((REPOSITORY / file).read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_each_case_and_each_bug_has_one_row_in_order() -> None:
    assert [number for number, *_ in rows()] == CASES + BUGS


def test_only_cases_of_the_dashboard_wait_for_it() -> None:
    assert {number for number, _, covered in rows() if covered == LATER} <= OF_THE_DASHBOARD


def test_each_row_names_tests_that_exist_and_where_we_differ_the_record() -> None:
    """That the files of the records are there is held by `test_links.py`."""
    assert [complaint for row in rows() for complaint in complaints(*row)] == []


def complaints(number: str, short: str, covered: str) -> Iterator[str]:
    """Yield what is wrong with a row."""
    named, records = TEST.findall(covered), RECORD.findall(covered)
    if not short:
        yield f"{number} does not say what it is about"
    if not named and covered != LATER:
        yield f"{number} names no test"
    if covered.count("::") != len(named):
        yield f"{number} names something that is no test"
    if not len(records) == covered.count("differs (") == covered.count("decisions/"):
        yield f"{number} does not name one record for each difference"
    yield from (f"{number} shows another record than it links" for shown, linked in records if shown != linked)
    for file, name in named:
        if not (REPOSITORY / file).is_file():
            yield f"{number} names {file}, which is not there"
        elif name not in functions(file):
            yield f"{number} names {name}, which {file} does not have"
