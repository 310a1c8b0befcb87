"""Where jobs go instead of Redis while users' code is tested: see `verk_actors.testing`.

A test sets it for itself, in its context; what it calls, tasks and awaited threads included, is in the same. Other
tests of the process and other threads are not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

from verk_actors.client.pushing import Pusher
from verk_actors.errors import VerkError
from verk_actors.store.commands import Argument, Commands
from verk_actors.store.entries import Entry, Lock
from verk_actors.store.pool import Pool
from verk_actors.store.scripts import Script, ScriptCall


class NotDiverted(VerkError):
    """Raised when a client is asked, within a test's block, for what the test has no Redis for. Nothing was done."""


class Detour(Protocol):
    """What takes jobs in place of Redis."""

    def time(self) -> float:
        """Return the unix seconds of the test."""

    def take(self, queue: str, jid: str, payload: bytes, score: float | None = None, locks: Sequence[Lock] = ()) -> str:
        """Take a job, due now unless there is a `score`; returns its jid, or that of the job that has its locks."""

    def store(self, *, is_only: bool) -> Commands:
        """Return what clients see and change in place of their Redis.

        Args:
            is_only: whether the client has no other Redis.

        Raises:
            NotDiverted: there is none.
        """


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

    def push(self, entry: Entry) -> str:
        """Enqueue or schedule a job."""
        to = current()
        if to is None:
            return self._pusher.push(entry)
        if entry.is_halted:
            return entry.jid
        return to.take(entry.queue, entry.jid, entry.payload, entry.score, entry.locks)

    def push_all(self, entries: Sequence[Entry]) -> list[str]:
        """Enqueue and schedule jobs."""
        if current() is None:
            return self._pusher.push_all(entries)
        return [self.push(entry) for entry in entries]


class Seen:
    """A Redis as a client looks at it, and changes it but by pushing: the test's where there is one.

    Satisfies `Commands`, and raises `NotDiverted` besides.

    Args:
        pool: the client's.
        is_only: whether the client has no other.
    """

    def __init__(self, pool: Pool, *, is_only: bool) -> None:
        self._pool = pool
        self._is_only = is_only

    def call(self, *args: Argument) -> Any:
        """Send one command and return its reply."""
        return self._store().call(*args)

    def call_many(self, commands: Sequence[Sequence[Argument]]) -> list[Any]:
        """Send commands that only read and return their replies."""
        return self._store().call_many(commands)

    def script(self, script: Script, keys: Sequence[str], args: Sequence[Argument]) -> Any:
        """Run one script and return its reply."""
        return self._store().script(script, keys, args)

    def transaction(self, calls: Sequence[ScriptCall]) -> list[Any]:
        """Run scripts in one step and return their replies."""
        return self._store().transaction(calls)

    def _store(self) -> Commands:
        to = current()
        return self._pool if to is None else to.store(is_only=self._is_only)
