"""Each example is run as a reader would run it, and prints what it says it prints."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.commands import ended
from support.source import REPOSITORY

EXAMPLES = [path for path in sorted((REPOSITORY / "examples").glob("*.py")) if path.name != "a_redis.py"]
MARK = "# Output:\n"


def expected_output(example: Path) -> str:
    lines = example.read_text().partition(MARK)[2].splitlines()
    return "".join(f"{line.removeprefix('#').removeprefix('   ')}\n" for line in lines)


@pytest.mark.slow  # a process each; the one with two nodes waits for a lease to end
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_prints_what_it_says(example: Path, redis_url: str) -> None:
    assert expected_output(example)

    ran = run(example, VERK_REDIS_URL=redis_url)

    assert (ran.stdout, ran.returncode) == (expected_output(example), 0), ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.slow  # starts a server of its own
def test_an_example_brings_its_own_redis_and_takes_it_away_again(tmp_path: Path) -> None:
    example = EXAMPLES[0]

    ran = run(example, TMPDIR=str(tmp_path))

    assert (ran.stdout, ran.returncode) == (expected_output(example), 0), ran.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_short_and_says_what_it_shows_and_how_to_run_it(example: Path) -> None:
    text = example.read_text()

    assert text.count("\n") <= 60
    assert "\nShows: " in text
    assert f"\nRun: python examples/{example.name}\n" in text


def run(example: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run an example from the repository, as its docstring says."""
    env = {name: value for name, value in os.environ.items() if name != "VERK_REDIS_URL"} | environ
    return ended([sys.executable, f"examples/{example.name}"], env, REPOSITORY)
