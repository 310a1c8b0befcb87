"""The actors of each further Redis that queues of this node have named.

Supervised by the ActorSystem. For each server a GeneralConnection, a NodeManager, a ScheduleManager, a BatchManager, a
CronManager, a LimitManager and a Presence, as the root has them for the node's own. One for one; each is restarted
after growing pauses, so that trouble with one server is no trouble of the node.

No counterpart in Verk, where one Redis serves all queues.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from verk_actors.otp import Backoff, ChildSpec, Refused, Server, Supervisor, handles
from verk_actors.tree import names
from verk_actors.tree.batch_manager import BatchManager
from verk_actors.tree.cron_manager import CronManager
from verk_actors.tree.general_connection import GeneralConnection
from verk_actors.tree.limit_manager import LimitManager
from verk_actors.tree.messages import RunServer
from verk_actors.tree.node_manager import NodeManager
from verk_actors.tree.node_state import NodeState, RedisServer
from verk_actors.tree.presence import Presence
from verk_actors.tree.schedule_manager import ScheduleManager

_BACKOFF = Backoff(first_seconds=1.0, max_seconds=60.0)


class OtherServers(Supervisor):
    """The supervisor of what has to do with servers other than the node's own."""

    def __init__(self, node: NodeState) -> None:
        super().__init__()
        self._node = node

    def child_specs(self) -> Sequence[ChildSpec]:
        """Return the children of each server."""
        return [spec for server in self._node.other_servers for spec in self._specs_of(server)]

    @handles(RunServer)
    def run_server(self, message: RunServer) -> None:
        """Start what is not there yet of a server that has just been entered; where that fails, forget it."""
        server = self._node.servers[message.url]
        for spec in self._specs_of(server):
            if self.children.get(spec.id) is None:
                try:
                    self._start_new(spec)
                except Refused:
                    self._forget(server)
                    raise

    def _forget(self, server: RedisServer) -> None:
        for spec in reversed(self._specs_of(server)):
            child = self.children.get(spec.id)
            if child is not None:
                self.children.stop(child)
                self.children.forget(child)
        del self._node.servers[server.url]

    def _specs_of(self, server: RedisServer) -> Sequence[ChildSpec]:
        def child(kind: Callable[[NodeState, RedisServer], Server], name: str) -> ChildSpec:
            name = server.named(name)
            return ChildSpec(id=name, start=partial(kind, self._node, server), name=name, backoff=_BACKOFF)

        presence = (child(Presence, names.PRESENCE),) if self._node.config.presence else ()
        return (
            child(GeneralConnection, names.GENERAL_CONNECTION),
            child(NodeManager, names.NODE_MANAGER),
            child(ScheduleManager, names.SCHEDULE_MANAGER),
            child(BatchManager, names.BATCH_MANAGER),
            child(CronManager, names.CRON_MANAGER),
            child(LimitManager, names.LIMIT_MANAGER),
            *presence,
        )
