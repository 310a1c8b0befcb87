"""What the documents point at is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.source import REPOSITORY

DOCUMENTS = [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md"), *(REPOSITORY / "diagrams").glob("*.md")]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
PATH = re.compile(r"`((?:tests|verk_actors|docs|tree|store|wire|otp)/[\w./-]*)`")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(REPOSITORY).as_posix())
def test_relative_links_lead_somewhere(document: Path) -> None:
    links = [link for link in LINK.findall(CODE.sub("", document.read_text())) if "://" not in link]

    assert [link for link in links if not (document.parent / link.partition("#")[0]).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(REPOSITORY).as_posix())
def test_paths_in_the_text_exist(document: Path) -> None:
    """Short ones are seen from the package, as `wire/keys.py`."""
    paths = PATH.findall(document.read_text())

    assert [p for p in paths if not (REPOSITORY / p).exists() and not (REPOSITORY / "verk_actors" / p).exists()] == []


def test_the_readme_leads_through_the_life_of_a_job_by_links() -> None:
    section = section_of(REPOSITORY / "README.md", "The life of a job")
    steps = re.findall(r"^\d\. .*?(?=^\d\. |^$)", section, re.MULTILINE | re.DOTALL)

    assert 7 <= len(steps) <= 9
    assert [step for step in steps if not LINK.search(step)] == []


def section_of(document: Path, title: str) -> str:
    return document.read_text().partition(f"\n## {title}\n")[2].partition("\n## ")[0]
