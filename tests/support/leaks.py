"""What a test may leave behind: nothing.

Threads are given a moment to end, since a test may well end before the thread it stopped. Processes and
actors aren't: a test waits for its own.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import attrs
import pykka

_JOIN_SECONDS = 20.0  # for all threads of a test together; only one that does not end takes that long
_OF_A_LOOP = "AnyIO worker thread"  # works for a served app, and has to end with its event loop


@attrs.frozen
class Remains:
    """What is alive at one moment; `leaked_since` compares with an earlier one."""

    threads: frozenset[threading.Thread]
    processes: frozenset[int]
    actors: frozenset[pykka.ActorRef[pykka.Actor]]

    @classmethod
    def now(cls) -> Remains:
        """Return what is alive now."""
        return cls(
            threads=_threads(),
            processes=frozenset(_child_pids()),
            actors=frozenset(pykka.ActorRegistry.get_all()),
        )


def leaked_since(before: Remains) -> list[str]:
    """Return a sentence for each leak, having stopped leaked actors for the sake of the next test."""
    deadline = time.monotonic() + _JOIN_SECONDS
    for thread in _threads() - before.threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    after = Remains.now()
    actors = after.actors - before.actors
    for actor in actors:
        actor.stop(block=False)
    return [
        *(f"thread {thread.name} still runs" for thread in after.threads - before.threads),
        *(f"actor {actor} is still registered" for actor in actors),
        *(f"child process {pid} wasn't waited for" for pid in after.processes - before.processes),
    ]


def _threads() -> frozenset[threading.Thread]:
    return frozenset(thread for thread in threading.enumerate() if not _is_of_a_loop(thread))


def _is_of_a_loop(thread: threading.Thread) -> bool:
    loop = getattr(thread, "loop", None)
    return thread.name == _OF_A_LOOP and isinstance(loop, asyncio.AbstractEventLoop) and not loop.is_closed()


def _child_pids() -> Iterable[int]:
    # Linux alone tells; elsewhere this guard is blind to processes.
    for children in Path("/proc/self/task").glob("*/children"):
        try:
            yield from map(int, children.read_text().split())
        except (FileNotFoundError, ProcessLookupError):
            continue  # a thread that ended between the listing and the reading


class ErrorLog(logging.Handler):
    """The messages that `verk_actors` logged at ERROR or above."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the message."""
        self.messages.append(record.getMessage())

    def complaints(self, expected: tuple[str, ...]) -> list[str]:
        """Return a sentence for each message that nobody expected and for each that didn't come."""
        return [
            *(f"unexpected error in the log: {m}" for m in self.messages if not any(e in m for e in expected)),
            *(f"no error in the log with {e!r}" for e in expected if not any(e in m for m in self.messages)),
        ]
