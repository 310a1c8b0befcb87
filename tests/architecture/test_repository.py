"""The parts of the repository agree with each other."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest
from support.source import REPOSITORY, sources

import verk_actors

CITATION = re.compile(r"(?:docs/decisions/|\bADR )(\d{4})")


def test_a_cited_decision_is_recorded():
    recorded = {path.name[:4] for path in (REPOSITORY / "docs/decisions").glob("*.md")}
    files = sources("verk_actors", "tests", "examples")

    assert [f"{file.path}: {no}" for file in files for no in CITATION.findall(file.text) if no not in recorded] == []


def test_the_changelog_has_a_heading_for_the_version():
    setup = configparser.ConfigParser(interpolation=None)
    setup.read(REPOSITORY / "setup.cfg")
    version = re.escape(setup["metadata"]["version"])

    assert re.search(rf"^## \[?{version}\b", (REPOSITORY / "CHANGELOG.md").read_text(), re.MULTILINE)


@pytest.mark.parametrize(
    "command", ["pip install '.[embedded]' && verk demo", "pip install '.[test]' && pytest -n auto"]
)
def test_the_gate_runs_the_commands_of_the_readme(command):
    assert command in (REPOSITORY / "README.md").read_text().splitlines()
    assert command in (REPOSITORY / ".ci/run").read_text()


def test_what_is_tested_is_all_of_this_checkout():
    """The gate tests the package as pip installs it: with its scripts, its py.typed, and nothing stale."""
    installed = Path(verk_actors.__file__).parent

    assert contents(installed) == contents(REPOSITORY / "verk_actors")


def contents(package: Path) -> dict[str, bytes]:
    """Return the files of a package, without what Python itself puts beside them."""
    files = [path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return {path.relative_to(package).as_posix(): path.read_bytes() for path in files}
