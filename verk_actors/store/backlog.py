"""Whether anything is left for a node to do: what `verk run --drain` waits for."""

from __future__ import annotations

from collections.abc import Iterable

from verk_actors.store.commands import Commands
from verk_actors.wire.keys import Keys


class Backlog:
    """The work of one node on one server.

    Args:
        commands: where it is.
        keys: of the namespace.
        node_id: the node's.
        queues: those that it works there.
    """

    def __init__(self, commands: Commands, keys: Keys, node_id: str, queues: Iterable[str]) -> None:
        self._commands = commands
        self._due = (keys.retry, keys.schedule)
        self._lists = [key for queue in queues for key in (keys.queue(queue), keys.in_progress(queue, node_id))]

    def is_empty(self) -> bool:
        """Tells whether no job waits in the queues, is in progress on the node, or is due. TIME, ZCOUNT, EXISTS.

        What is due is looked at before the queues, which it goes to. The queues and what is in progress are looked at
        in one step: a job is in one of them at any time, and what it enqueues is there before it is done.
        """
        seconds, microseconds = self._commands.call("TIME")
        now = int(seconds) + int(microseconds) / 1e6
        if any(self._commands.call("ZCOUNT", key, "-inf", now) for key in self._due):
            return False
        return not self._lists or not self._commands.call("EXISTS", *self._lists)
