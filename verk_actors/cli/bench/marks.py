"""When jobs of a benchmark ran: written by the jobs themselves, beside Redis, at some 2 µs each.

A mark is one line of a file that all nodes append to, in one write. The clock is the machine's, so instants of several
processes compare.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import attrs

from verk_actors.otp.clock import SystemClock

VARIABLE = "BENCH_MARKS"
"""The environment variable that tells a node the file."""

monotonic = SystemClock.monotonic


@attrs.frozen
class Mark:
    """That a job ran: which one, in which process, when (monotonic seconds)."""

    number: int
    pid: int
    at: float


def mark(number: int, at: float | None = None) -> None:
    """Write a mark, of now unless told otherwise."""
    at = monotonic() if at is None else at
    os.write(_file(), f"{number} {os.getpid()} {at:.6f}\n".encode())


@cache
def _file() -> int:
    return os.open(os.environ[VARIABLE], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def read(path: Path) -> list[Mark]:
    """Return all marks of a file, in the order in which they were written; none if there is no file yet."""
    if not path.exists():
        return []
    whole, _, _ = path.read_text().rpartition("\n")  # a line may be on its way
    fields = (line.split() for line in whole.splitlines())
    return [Mark(int(number), int(pid), float(at)) for number, pid, at in fields]
