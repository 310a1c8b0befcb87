"""Job classes that choose their own end, plain and asynchronous; job processes find them here."""

from __future__ import annotations

from pathlib import Path

import attrs

from support.process_jobs import Gate
from verk_actors.jobs.endings import Discard, Kill, Snooze
from verk_actors.jobs.job_class import worker
from verk_actors.jobs.registry import Registry

PLAIN, ASYNC = Registry(), Registry()


@attrs.define
class EndingJobs:
    """The job classes of this module, as `running_node` wants them."""

    registry: Registry = PLAIN
    gate: Gate = attrs.Factory(Gate)


@worker(registry=PLAIN, name="SnoozeOnce")
def SnoozeOnce(file: str, seconds: float) -> None:
    """Snooze in the first run."""
    if not Path(file).exists():
        Path(file).touch()
        raise Snooze(seconds)


@worker(registry=PLAIN, name="Give")
def Give(up: str) -> None:
    """Discard or kill the job."""
    raise {"Discard": Discard, "Kill": Kill}[up]("no use")


@worker(registry=ASYNC, name="SnoozeOnce")
async def snooze_once(file: str, seconds: float) -> None:
    """Snooze in the first run."""
    SnoozeOnce(file, seconds)


@worker(registry=ASYNC, name="Give")
async def give(up: str) -> None:
    """Discard or kill the job."""
    Give(up)


@worker(registry=PLAIN, name="Write")
def Write(word: str, file: str) -> None:
    """Write a word into a file, or fail."""
    with Path(file).open("a") as out:
        out.write(f"{word}\n")
    if word == "fail":
        raise ValueError("as told")


@worker(registry=ASYNC, name="Write")
async def write(word: str, file: str) -> None:
    """Write a word into a file, or fail."""
    Write(word, file)
