"""Connections for many threads: what a client in a web server and the command line use.

The actors don't: each of them owns a `Connection`.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, TypeVar
from weakref import WeakSet

from verk_actors.errors import StoreError, StoreUnavailable
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.store.commands import Argument, Commands
from verk_actors.store.connection import Connection
from verk_actors.store.lifeline import Lifeline
from verk_actors.store.scripts import Script, ScriptCall

# A firewall may forget an idle connection without a word, so one that idled this long is tried with a PING.
_HEALTH_CHECK_SECONDS = 30

T = TypeVar("T")


class Pool:
    """Lends one connection per command, the one used last; satisfies `Commands`.

    Safe in threads, and after a fork.

    Args:
        url: where Redis is.
        name: what Redis lists the connections as, without spaces.
        size: connections at most; a thread that finds all lent waits for one.
        socket_timeout_seconds: how long a reply is waited for, and a free connection.
        lifeline: ends the connections, those that are lent too, once it is cut.
    """

    def __init__(
        self,
        url: RedisUrl,
        *,
        name: str,
        size: int = 10,
        socket_timeout_seconds: float = 5.0,
        lifeline: Lifeline | None = None,
    ) -> None:
        self._url = url
        self._name = name
        self._size = size
        self._socket_timeout_seconds = socket_timeout_seconds
        self._lifeline = lifeline
        self._fill()
        _pools.add(self)

    def __repr__(self) -> str:
        return f"<Pool {self._name} of {self._size} to {self._url}>"

    def call(self, *args: Argument) -> Any:
        """Sends one command and returns its reply; raises what `Commands` says."""
        return self._lend(lambda connection: connection.call(*args))

    def call_many(self, commands: Sequence[Sequence[Argument]]) -> list[Any]:
        """Sends commands that only read and returns their replies; raises what `Commands` says."""
        return self._lend(lambda connection: connection.call_many(commands))

    def script(self, script: Script, keys: Sequence[str], args: Sequence[Argument]) -> Any:
        """Runs one script and returns its reply; raises what `Commands` says."""
        return self._lend(lambda connection: connection.script(script, keys, args))

    def transaction(self, calls: Sequence[ScriptCall]) -> list[Any]:
        """Runs scripts in one step and returns their replies; raises what `Commands` says."""
        return self._lend(lambda connection: connection.transaction(calls))

    def replicated(self, write: Callable[[Commands], T], replicas: int, seconds: float) -> T:
        """Writes over one connection and waits there until so many replicas have it; returns what `write` does.

        WAIT, unless `replicas` is 0. Raises:
            StoreUnavailable: what the write raised; or it was done, but too few replicas have it in time, which
                counts as `sent`: a failover now may lose it.
        """
        if not replicas:
            return self._lend(write)

        def write_and_wait(connection: Connection) -> T:
            result = write(connection)
            _wait(connection, connection.opened, replicas, seconds)
            return result

        return self._lend(write_and_wait)

    def close(self) -> None:
        """Closes the connections that are not lent. Later commands connect anew."""
        closed: list[Connection] = []
        with suppress(Empty):
            while True:
                self._free.get_nowait()
                closed.append(self._idle.pop())
                closed[-1].close()
        for connection in closed:
            self._give_back(connection)

    def _fill(self) -> None:
        self._idle: deque[Connection] = deque()  # the one used last is lent first, so that few are open
        self._free: SimpleQueue[None] = SimpleQueue()  # as many as are idle: what a thread waits for
        for _ in range(self._size):
            self._give_back(
                Connection(
                    self._url,
                    name=self._name,
                    socket_timeout_seconds=self._socket_timeout_seconds,
                    health_check_seconds=_HEALTH_CHECK_SECONDS,
                    lifeline=self._lifeline,
                )
            )

    def _give_back(self, connection: Connection) -> None:
        self._idle.append(connection)
        self._free.put(None)

    def _lend(self, use: Callable[[Connection], T]) -> T:
        """Returns what `use` does with a connection that nobody else has meanwhile."""
        try:
            self._free.get(timeout=self._socket_timeout_seconds)
        except Empty:
            why = f"all {self._size} connections are in use"
            raise StoreUnavailable("connect", str(self._url), why) from None
        connection = self._idle.pop()
        try:
            connection.check()
            return use(connection)
        finally:
            self._give_back(connection)


_pools: WeakSet[Pool] = WeakSet()


def _refill() -> None:
    """Give each pool new connections, in a child before it has a second thread.

    The sockets are the parent's: two processes that read one get each other's replies. And a lock that another thread
    held is held for ever here.
    """
    for pool in tuple(_pools):
        pool._fill()


os.register_at_fork(after_in_child=_refill)


def _wait(connection: Connection, written_over: int, replicas: int, seconds: float) -> None:
    reached, left = 0, seconds
    try:
        while reached < replicas and left > 0:
            part = min(left, connection.socket_timeout_seconds / 2)
            reached = int(connection.call("WAIT", replicas, max(1, round(part * 1000))))
            left -= part
            if connection.opened != written_over:  # nothing was written over this one: all replicas have that
                raise StoreUnavailable("WAIT", "", "the server has changed since the write", sent=True)
    except StoreError as error:
        raise StoreUnavailable("WAIT", "", error.why, sent=True) from error
    if reached < replicas:
        raise StoreUnavailable("WAIT", "", f"{reached} of {replicas} replicas have it after {seconds:g} s", sent=True)
