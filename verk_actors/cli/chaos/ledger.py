"""Which jobs have run, and how often: written by the jobs themselves, beside Redis and beyond any crash.

Each node appends to a file of its own. A line is one write, and what was written stays though the process is killed
at once.
"""

from __future__ import annotations

import os
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Literal

import attrs

VARIABLE = "CHAOS_LEDGER"
"""The environment variable that tells a node its file."""


def note(what: Literal["start", "end"], jid: str) -> None:
    """Write that a run of a job has begun, or has come to its good end."""
    os.write(_file(), f"{what} {jid}\n".encode())


@cache
def _file() -> int:
    return os.open(os.environ[VARIABLE], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


@attrs.frozen
class Runs:
    """How often each jid has begun to run, and how often a run has come to its good end."""

    starts: Counter[str]
    ends: Counter[str]


def read(directory: Path) -> Runs:
    """Return what all nodes have written."""
    counts: dict[str, Counter[str]] = {"start": Counter(), "end": Counter()}
    for file in directory.iterdir():
        for line in file.read_text().splitlines():
            what, _, jid = line.partition(" ")
            counts[what][jid] += 1
    return Runs(counts["start"], counts["end"])
