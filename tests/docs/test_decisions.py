"""The decision records have the form that the first of them sets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.source import REPOSITORY

RECORDS = sorted((REPOSITORY / "docs/decisions").glob("*.md"))
SECTIONS = ["Context", "Decision", "Consequences", "How it is tested"]


def test_records_are_numbered_from_one_without_a_gap() -> None:
    assert [record.name[:4] for record in RECORDS] == [f"{number:04}" for number in range(1, len(RECORDS) + 1)]


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_a_record_has_its_number_and_its_sections_on_one_page(record: Path) -> None:
    text = record.read_text()

    assert text.startswith(f"# {record.name[:4]} ")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == SECTIONS
    assert text.count("\n") <= 60


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_the_tests_that_a_record_names_exist(record: Path) -> None:
    tests = {path.name for path in (REPOSITORY / "tests").rglob("test_*.py")}

    assert set(re.findall(r"\btest_\w+\.py\b", record.read_text())) <= tests
