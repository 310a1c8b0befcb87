"""Worker middleware for tests; job processes find it here. What it does is told by the first argument of the job."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs

from verk_actors.jobs.context import current_job
from verk_actors.jobs.endings import Snooze
from verk_actors.wire.job import Job

CallNext = Callable[[Job], Any]


def write(file: str, word: str) -> None:
    with Path(file).open("a") as out:
        out.write(f"{word}\n")


def words(file: Path) -> list[str]:
    return file.read_text().split() if file.exists() else []


def outer(job: Job, call_next: CallNext) -> Any:
    """Passes, and sees who comes next."""
    assert current_job() is not None
    write(job.args[1], "outer")
    return call_next(job)


def inner(job: Job, call_next: CallNext) -> Any:
    """Changes, halts, raises, or snoozes."""
    what, file = job.args
    write(file, "inner")
    if what == "halt":
        return None
    if what == "raise":
        raise LookupError("the middleware's own")
    if what == "snooze":
        raise Snooze(3600)
    return call_next(attrs.evolve(job, args=["changed", file]) if what == "change" else job)


async def around(job: Job, call_next: CallNext) -> Any:
    """Is around asynchronous jobs alone, their end included."""
    write(job.args[1], "before")
    try:
        return await call_next(job)
    finally:
        write(job.args[1], "after")


def first_to_be_asked(attempt: int, failure: object) -> float:
    """Waits for an hour, whatever happened."""
    return 3600.0
