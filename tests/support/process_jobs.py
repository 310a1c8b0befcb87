"""Job classes for tests of job processes, which find them here. What they do is seen in files and in Redis."""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import signal
import threading
from pathlib import Path

import attrs

from verk_actors.jobs.context import current_job
from verk_actors.jobs.job_class import JobClass, worker
from verk_actors.jobs.registry import Registry

REGISTRY = Registry()
GROWN: list[bytes] = []


class Gate:
    """Nothing waits at it: jobs of other processes can't."""

    def open(self) -> None:
        """Do nothing."""


@attrs.define
class ProcessJobs:
    """The job classes of this module, as `running_node` wants them."""

    registry: Registry = REGISTRY
    gate: Gate = attrs.Factory(Gate)


def pids(file: Path) -> list[int]:
    """Return which processes `Sign` has run in, in order."""
    return [line["pid"] for line in signed(file)]


def signed(file: Path) -> list[dict[str, object]]:
    """Return what `Sign` and others have written so far."""
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def sign(file: str) -> None:
    """Write down who runs, and as what."""
    current = current_job()
    assert current is not None
    line = {"pid": os.getpid(), "jid": current.job.jid, "queue": current.job.queue, "attempt": current.attempt}
    with Path(file).open("a") as out:
        out.write(json.dumps(line) + "\n")


@worker(registry=REGISTRY)
def Return(value: object) -> object:
    """Return it in a list."""
    return [value]


@worker(registry=REGISTRY, aliases=["Signature"])
def Sign(file: str) -> None:
    """Write down who runs, and as what."""
    sign(file)


@worker(registry=REGISTRY)
async def SignAsync(file: str) -> None:
    """The same, on an event loop."""
    sign(file)


@worker(registry=REGISTRY)
class Bad(JobClass):
    """Raises, and asks for a retry as many seconds later as its process's number."""

    def perform(self, key: str) -> None:
        deeper(key)

    def retry_at(self, failed_at: float, attempt: int) -> float:
        return failed_at + os.getpid()


def deeper(key: str) -> None:
    """Raise."""
    raise ValueError(f"bad {key}")


class Unsendable(Exception):
    """An exception that can be put into no pickle."""

    def __init__(self) -> None:
        super().__init__("with a lock")
        self.lock = threading.Lock()


@worker(registry=REGISTRY)
def RaiseUnsendable() -> None:
    """Raise it."""
    raise Unsendable


@worker(registry=REGISTRY)
def Exit(code: int) -> None:
    """End the process at once."""
    os._exit(code)


@worker(registry=REGISTRY)
def Segfault() -> None:
    """Read where nothing is."""
    ctypes.string_at(0)


@worker(registry=REGISTRY)
def Strike(number: int) -> None:
    """Send a signal to the own process."""
    os.kill(os.getpid(), number)


@worker(registry=REGISTRY)
def Hang(file: str) -> None:
    """Sign the first run and never end; sign later runs and end."""
    attempts = len(signed(Path(file)))
    sign(file)
    while attempts == 0:
        signal.pause()


@worker(registry=REGISTRY)
def Grow(file: str, size: int) -> None:
    """Take memory and keep it."""
    GROWN.append(b"1" * size)
    sign(file)


@worker(registry=REGISTRY)
def ForkAndReturn(file: str) -> None:
    """Fork, and return in both processes."""
    if os.fork() == 0:
        return
    assert os.wait()[1] == 0
    sign(file)


@worker(registry=REGISTRY)
class Nameless:
    """Nobody finds it by its name."""

    def perform(self) -> None:
        """Do nothing."""


del Nameless


@worker(registry=REGISTRY)
def HeedAndReturn(file: str) -> None:
    """Sign, and end when asked to."""
    sign(file)
    current = current_job()
    while current is not None and not current.cancelled:
        signal.sigtimedwait([], 0.01)


@worker(registry=REGISTRY)
def HeedAndRaise(file: str) -> None:
    """Sign, and raise when asked to end."""
    sign(file)
    current = current_job()
    while current is not None:
        current.check_cancelled()
        signal.sigtimedwait([], 0.01)


@worker(registry=REGISTRY)
def Progress(*words: list[object]) -> None:
    """Say how far it is, and go on until asked to end."""
    current = current_job()
    assert current is not None
    for word in words:
        current.progress(*word)  # type: ignore[arg-type]
    while not current.cancelled:
        signal.sigtimedwait([], 0.01)


@worker(registry=REGISTRY)
async def ProgressLater(*words: list[object]) -> None:
    """The same, on an event loop."""
    current = current_job()
    assert current is not None
    for word in words:
        current.progress(*word)  # type: ignore[arg-type]
    await asyncio.Event().wait()


@worker(registry=REGISTRY)
def Set(*values: object) -> str:
    """Set one result after the other, and return another."""
    current = current_job()
    assert current is not None
    for value in values:
        current.set_result(value)
    return "returned"


@worker(registry=REGISTRY)
def Previous() -> None:
    """Set what the step before has come to."""
    current = current_job()
    assert current is not None
    current.set_result([one and [one.value, one.problem] for one in current.previous_results()])


@worker(registry=REGISTRY)
async def PreviousLater() -> None:
    """The same, on an event loop."""
    Previous()
