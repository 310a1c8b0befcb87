"""The nodes that share a Redis: their leases, and the rescue of what a dead one held.

A lease is a string that expires; its value is the holder's token. Its presence says that the node lives, and
the holder alone fetches. Time is Redis' own. A caller may rescue others only after it has held its own lease
without a break for as long as a lease lasts: when Redis restarts, leases may be gone though every node lives.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import attrs

from verk_actors.store.commands import Argument, Commands
from verk_actors.store.replies import name_of
from verk_actors.store.scripts import DEREGISTER, HEARTBEAT, RESCUE
from verk_actors.wire.keys import Keys

OF_VERK = "alive"
"""What Verk writes as a lease, where our nodes write their token."""

_RECOVERIES_COUNTED_SECONDS = 72 * 3600  # as Sidekiq Pro counts them


@attrs.frozen
class Beat:
    """The answer to a heartbeat.

    Attributes:
        status: `OK`, the lease was kept without a break; `NEW`, it was taken under the fresh token, and its age
            counts from now on; `CONFLICT`, another process holds it, and nothing was done.
        holder: the token that holds it now.
        paused: the queues that are paused everywhere, those of other nodes included.
    """

    status: Literal["OK", "NEW", "CONFLICT"]
    holder: str
    paused: frozenset[str] = frozenset()


@attrs.frozen
class Rescued:
    """What one rescue has done.

    Attributes:
        alive: the node has come back: nothing was done.
        moved: jobs given back to their queue.
        left: jobs still in progress there, `poison` included; the node stays registered while there are any.
        poison: jobs that have been recovered too often. Bury them (`InProgress.exchange`), or they stay.
    """

    alive: bool
    moved: int
    left: int
    poison: list[bytes]


class Nodes:
    """The registry of nodes in Redis."""

    def __init__(self, commands: Commands, keys: Keys) -> None:
        self._commands = commands
        self._keys = keys

    def heartbeat(
        self, node_id: str, token: str, lease_ms: int, queues: Iterable[str], fresh: str | None = None
    ) -> Beat:
        """Takes or renews a node's lease and registers it with its queues. Safe to repeat.

        Args:
            node_id: the node.
            token: this process' own, never used by another.
            lease_ms: how long the lease lasts, milliseconds.
            queues: the queues that the node works.
            fresh: this process' token from now on if the lease has to be taken anew; the same as `token` unless
                given. Use it until a heartbeat answers `NEW`, then think of another.
        """
        keys = (self._keys.node(node_id), self._keys.node_queues(node_id), self._keys.nodes, self._keys.paused)
        args: tuple[Argument, ...] = (node_id, token, lease_ms, fresh or token, *queues)
        status, holder, paused = self._commands.script(HEARTBEAT, keys, args)
        return Beat(status.decode(), name_of(holder), frozenset(map(name_of, paused)))

    def holder(self, node_id: str) -> str | None:
        """Returns the token that holds a node's lease, None if it is dead. GET."""
        token = self._commands.call("GET", self._keys.node(node_id))
        return None if token is None else name_of(token)

    def members(self) -> list[str]:
        """Returns the ids of all nodes that may hold jobs, living or dead, in order. SMEMBERS, O(n)."""
        return sorted(name_of(member) for member in self._commands.call("SMEMBERS", self._keys.nodes))

    def ours(self) -> list[str]:
        """Returns the living nodes of this package, which can be asked; Verk's can't. SMEMBERS, GET for each."""
        holders = {member: self.holder(member) for member in self.members()}
        return [member for member, holder in holders.items() if holder not in {None, OF_VERK}]

    def leases(self) -> dict[str, float | None]:
        """Returns for each member the seconds until its lease ends, None if it is dead. PTTL per member.

        A lease that never ends, as nobody writes it, counts as infinite.
        """
        return {member: self.lease_seconds(member) for member in self.members()}

    def dead(self) -> list[str]:
        """Returns the members that hold no lease: their jobs are to be rescued."""
        return [member for member, seconds in self.leases().items() if seconds is None]

    def queues(self, node_id: str) -> list[str]:
        """Returns the queues of which a node may hold jobs, in order. SMEMBERS."""
        return sorted(name_of(queue) for queue in self._commands.call("SMEMBERS", self._keys.node_queues(node_id)))

    def rescue(self, node_id: str, queue: str, *, limit: int = 500, max_recoveries: int = 3) -> Rescued:
        """Gives up to `limit` jobs of one queue of a dead node back to the queue, to run first.

        Repeat while `left` is more than the poison. Safe to repeat after a lost reply. When no job and no
        queue is left, the node is no longer a member. LREM per job, O(1) but for the poison before it.

        Args:
            node_id: the dead node.
            queue: one of its `queues`.
            limit: jobs per call, for a short script.
            max_recoveries: how often a job may be recovered within 72 hours; beyond that, it is poison.
        """
        keys = (
            self._keys.node(node_id),
            self._keys.node_queues(node_id),
            self._keys.nodes,
            self._keys.in_progress(queue, node_id),
            self._keys.queue(queue),
            self._keys.recovered,
            self._keys.queues,
        )
        args = (node_id, queue, limit, max_recoveries, _RECOVERIES_COUNTED_SECONDS)
        status, moved, left, poison = self._commands.script(RESCUE, keys, args)
        return Rescued(status == b"ALIVE", moved, left, poison)

    def deregister(self, node_id: str, token: str | None) -> int:
        """Ends a node's lease, and its membership if it leaves nothing in progress.

        Args:
            node_id: the node.
            token: that of its lease; None for a dead node, to forget one that left nothing.

        Returns:
            Jobs left in progress, which peers rescue at once; -1 if the lease is not the token's, and nothing
            was done.
        """
        queues = self.queues(node_id)
        keys = [self._keys.node(node_id), self._keys.node_queues(node_id), self._keys.nodes]
        keys += [self._keys.in_progress(queue, node_id) for queue in queues]
        return int(self._commands.script(DEREGISTER, keys, (node_id, token or "", *queues)))

    def lease_seconds(self, node_id: str) -> float | None:
        """Returns the seconds until one node's lease ends, None if it has none. PTTL."""
        lease_ms = int(self._commands.call("PTTL", self._keys.node(node_id)))
        if lease_ms == -2:  # no such key
            return None
        return float("inf") if lease_ms == -1 else lease_ms / 1000
