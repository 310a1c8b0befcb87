"""Whether anything is left for a node to do: what `verk run --drain` waits for."""

from __future__ import annotations

from collections.abc import Iterable

from verk_actors.store.commands import Commands, server_time
from verk_actors.store.limit_book import limited_ids
from verk_actors.store.members import member_of
from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys

_LOOKED_AT = 100


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
        self._keys = keys
        self._queues = frozenset(queues)
        self._due = (keys.retry, keys.schedule)
        self._lists = [key for queue in self._queues for key in (keys.queue(queue), keys.in_progress(queue, node_id))]

    def is_empty(self) -> bool:
        """Tells whether no job waits in the queues or for a limit, is in progress on the node, or is due.

        TIME, ZCOUNT, EXISTS, ZRANGE; of those that wait for a limit a hundred are looked at: the rest come after these.

        What is due is looked at before the queues, which it goes to. The queues and what is in progress are looked at
        in one step: a job is in one of them at any time, and what it enqueues is there before it is done.
        """
        now = server_time(self._commands)
        if any(self._commands.call("ZCOUNT", key, "-inf", now) for key in self._due):
            return False
        if not self._lists_are_empty():
            return False
        # A job that was called meanwhile is in a list again; its limit is still one that is to be looked at.
        ids = limited_ids(self._commands, self._keys)
        return not ids or (not any(map(self._waits_for, ids)) and self._lists_are_empty())

    def _lists_are_empty(self) -> bool:
        return not self._lists or not self._commands.call("EXISTS", *self._lists)

    def _waits_for(self, limit_id: str) -> bool:
        """Tells whether a job of the queues waits for a limit."""
        first = self._commands.call("ZRANGE", self._keys.waiting(limit_id), 0, _LOOKED_AT - 1)
        return any(isinstance(job := member_of(payload), Job) and job.queue in self._queues for payload in first)
