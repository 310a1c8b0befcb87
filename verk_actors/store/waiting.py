"""A wait for jobs that takes none: `BLMOVE QUEUE QUEUE RIGHT RIGHT`.

It blocks until the queue has a job, then takes the job and puts it back where it was, in one step. So an idle
queue is waited on without a lease, and a lost reply loses nothing; a script does the taking.

That may be sent right behind the wait. Redis keeps it until the wait is over, and then runs it at once: the job is here
when it would otherwise be asked for.
"""

from __future__ import annotations

import math
import select
from collections.abc import Callable
from typing import Any

from verk_actors.errors import StoreError, StoreUnavailable
from verk_actors.store.connection import Connection
from verk_actors.store.scripts import ScriptCall

_UNBLOCK_AGAIN_SECONDS = 0.05
_UNBLOCK_SECONDS = 4.5  # within the 5 s that an actor has to stop


class Waiter:
    """Waits for a job over a connection of its own, in two halves, so that its actor can watch its mailbox.

    Between `begin` and `finish` watch `fileno`. To end a wait early, call `unblock` over another connection.

    Args:
        connection: used for nothing else while a wait is on.

    Attributes:
        client_id: whom `unblock` is to unblock; set when a wait begins, and another after an outage.
        reply: what the script behind the last wait answered; None without one, and where Redis did not know it.
    """

    def __init__(self, connection: Connection) -> None:
        self.client_id = 0
        self.reply: Any = None
        self._connection = connection
        self._queue_key: str | None = None
        self._then: ScriptCall | None = None

    @property
    def waiting(self) -> bool:
        """Whether a wait has begun and not finished."""
        return self._queue_key is not None

    def begin(self, queue_key: str, seconds: float, then: ScriptCall | None = None) -> None:
        """Sends the wait, which lasts `seconds` at most (0 would be for ever and is refused), and a script behind it.

        BLMOVE, O(1). Raises:
            ValueError: the connection would give up before the wait ends, or a wait is on already.
            StoreUnavailable: as `Commands` says; no wait has begun.
        """
        if self._queue_key is not None:
            raise ValueError(f"the wait for {self._queue_key} has not finished")
        if not 0 < seconds < self._connection.socket_timeout_seconds:
            raise ValueError(f"a wait of {seconds} s needs a longer socket timeout, and an end")
        self.client_id = self._connection.client_id()
        self._connection.send("BLMOVE", queue_key, queue_key, "RIGHT", "RIGHT", seconds, then=then)
        self._queue_key, self._then, self.reply = queue_key, then, None

    def fileno(self) -> int:
        """Returns the socket to watch: readable when the wait has ended."""
        return self._connection.fileno()

    def finish(self) -> bool:
        """Returns whether the queue had a job, or False if the time ran out or the wait was unblocked.

        Blocks until the wait has ended, and the script behind it. Raises what `Commands` says, and then both are over.
        """
        if self._queue_key is None:
            raise ValueError("no wait has begun")
        key, self._queue_key = self._queue_key, None
        try:
            found = self._connection.read("BLMOVE", key) is not None
        except StoreError:
            if self._then is not None:
                self._connection.close()  # its reply may still come, and would pass for another one
            raise
        if self._then is not None:
            self.reply = self._connection.read_script(self._then)
            if self.reply is None:
                self._connection.call("SCRIPT", "LOAD", self._then.script.text)  # for the next wait
        return found

    def end_by(self, unblock: Callable[[], None], seconds: float = _UNBLOCK_SECONDS) -> None:
        """Ends a wait early: calls `unblock`, which is to have it unblocked, until its reply has come.

        Again and again, as an unblock may overtake the wait that it is meant for.

        Raises:
            StoreUnavailable: there was none for so long: Redis hangs, or nobody may unblock. The connection has been
                closed, which ends the wait too.
        """
        key = self._queue_key or ""
        poll = select.poll()
        poll.register(self.fileno(), select.POLLIN)
        for _ in range(math.ceil(seconds / _UNBLOCK_AGAIN_SECONDS)):
            unblock()
            if poll.poll(_UNBLOCK_AGAIN_SECONDS * 1000):
                return
        self.abandon()
        raise StoreUnavailable("BLMOVE", key, "the wait could not be ended", sent=True)

    def abandon(self) -> None:
        """Ends a wait at once, if one is on, by closing the connection."""
        if self._queue_key is not None:
            self._queue_key = None
            self._connection.close()


def unblock(connection: Connection, client_id: int) -> bool:
    """Ends the wait of another connection, told by its `client_id`; its `finish` then returns False.

    CLIENT UNBLOCK. Returns False if that connection isn't blocked: its wait is over or hasn't reached Redis. Or this
    one leads to a server that has lost the keys, which its only command would never be told; so it is confirmed.
    """
    unblocked = bool(connection.call("CLIENT", "UNBLOCK", client_id) == 1)
    if not unblocked:
        connection.confirm()
    return unblocked
