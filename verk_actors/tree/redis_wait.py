"""An actor's wait, blocked in Redis, until a list holds something; a message to the actor ends it early."""

from __future__ import annotations

from typing import Any

from verk_actors.errors import StoreUnavailable
from verk_actors.otp import IoServer
from verk_actors.store.connection import Connection
from verk_actors.store.scripts import ScriptCall
from verk_actors.store.waiting import Waiter
from verk_actors.tree import names
from verk_actors.tree.messages import Unblock
from verk_actors.tree.node_state import NodeState, RedisServer

_STOP_SECONDS = 0.2  # for the end of a wait in a stop; then the connection is closed
REPLY_MARGIN_SECONDS = 3.0  # a reply that takes this much longer than the wait means a dead connection


class RedisWait:
    """Waits on an actor's own connection, which ends with the actor.

    Its socket timeout has to leave `REPLY_MARGIN_SECONDS`.
    """

    def __init__(self, actor: IoServer, connection: Connection, node: NodeState, server: RedisServer) -> None:
        self._actor = actor
        self._waiter = Waiter(actor.own(connection))
        self._node = node
        self._server = server

    @property
    def reply(self) -> Any:
        """What the script behind the last wait answered; None without one, and where it was not run."""
        return self._waiter.reply

    def ends_with_something(self, key: str, seconds: float, then: ScriptCall | None = None) -> bool:
        """Wait; False when a message came first, or nothing in so many seconds. Raises what `Commands` says.

        Args:
            key: of the list.
            seconds: how long at most.
            then: run by Redis as soon as the wait has ended, however it does; its answer is the `reply`.
        """
        self._waiter.begin(key, seconds, then)
        readable = self._actor.wait_readable(self._waiter.fileno(), seconds + REPLY_MARGIN_SECONDS)
        if not readable and self._node.stopping:
            self._end_soon()
            return False
        if not readable and self._actor.has_messages():
            self._waiter.end_by(self._unblock)
        return self._waiter.finish()

    def _end_soon(self) -> None:
        """End the wait for a stop: Redis may hang, and what the wait would bring is wanted no more."""
        try:
            self._waiter.end_by(self._unblock, _STOP_SECONDS)
        except StoreUnavailable:
            return  # the connection is closed, and with it the wait
        self._waiter.finish()

    def _unblock(self) -> None:
        """Have the general connection end the wait, so that its reply is read and the connection kept."""
        self._actor.cast_to(self._server.named(names.GENERAL_CONNECTION), Unblock(self._waiter.client_id))
