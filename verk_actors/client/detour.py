"""Where jobs go instead of Redis while users' code is tested: see `verk_actors.testing`.

A test sets it for itself, in its context; what it calls, tasks and awaited threads included, is in the same. Other
tests of the process and other threads are not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

from verk_actors.client.preparing import Part
from verk_actors.client.pushing import Pusher


class Detour(Protocol):
    """What takes jobs in place of Redis."""

    def time(self) -> float:
        """Return the unix seconds of the test."""

    def take(self, queue: str, jid: str, payload: bytes, score: float | None = None, locks: Sequence[Any] = ()) -> str:
        """Take a job, due now unless there is a `score`; returns its jid, or that of the job that has its locks."""


_here: ContextVar[Detour | None] = ContextVar("verk_actors.detour", default=None)
_everywhere: list[Detour] = []


def current() -> Detour | None:
    """Return where the jobs of the caller go, None for Redis."""
    return _here.get() or (_everywhere[-1] if _everywhere else None)


def divert(to: Detour) -> None:
    """Divert the jobs of the caller's context from now on, as of one job."""
    _here.set(to)


@contextmanager
def diverted(to: Detour, *, everywhere: bool = False) -> Iterator[None]:
    """Divert the jobs of this context, or also those of all that have no detour of their own."""
    token = _here.set(to)
    if everywhere:
        _everywhere.append(to)
    try:
        yield
    finally:
        _here.reset(token)
        if everywhere:
            _everywhere.remove(to)


def clock_of(clock: Callable[[], float]) -> Callable[[], float]:
    """Return a clock that is the test's where there is one."""

    def time() -> float:
        to = current()
        return clock() if to is None else to.time()

    return time


class Switch:
    """A Pusher that diverts."""

    def __init__(self, pusher: Pusher) -> None:
        self._pusher = pusher

    def push(self, part: Part) -> None:
        """Push jobs to their queue."""
        to = current()
        if to is None:
            self._pusher.push(part)
        else:
            for jid, payload in zip(part.jids, part.payloads, strict=True):
                to.take(part.queue, jid, payload)

    def push_all(self, parts: Sequence[Part]) -> None:
        """Push jobs to several queues."""
        if current() is None:
            self._pusher.push_all(parts)
        else:
            for part in parts:
                self.push(part)

    def schedule(self, part: Part, score: float) -> None:
        """Put one job among the scheduled ones."""
        to = current()
        if to is None:
            self._pusher.schedule(part, score)
        else:
            to.take(part.queue, part.jids[0], part.payloads[0], score)
