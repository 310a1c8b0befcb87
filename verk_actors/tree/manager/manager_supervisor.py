"""The Manager and one supervisor for each queue.

Supervised by the ActorSystem. One for one, where Verk has rest for one: there, a queue that fails too often
restarts every queue started after it, and a crash of the Manager restarts all. A queue's supervisor that gives up
is restarted after growing pauses and never counts against its siblings.

Source: Verk lib/verk/manager_supervisor.ex. Differs: docs/decisions/0003.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from verk_actors.otp import Backoff, ChildSpec, ChildType, Supervisor
from verk_actors.settings.config import Config
from verk_actors.tree import names
from verk_actors.tree.manager.manager import Manager
from verk_actors.tree.manager.queue.queue_supervisor import QueueSupervisor
from verk_actors.tree.node_state import NodeState

_BACKOFF = Backoff(first_seconds=1.0, max_seconds=60.0)


class ManagerSupervisor(Supervisor):
    """The supervisor of everything that has to do with queues."""

    parallel_stop = True  # a queue that takes its time to stop does not hold up the others

    def __init__(self, node: NodeState) -> None:
        super().__init__()
        self._node = node
        config: Config = node.config
        self.max_restarts = config.max_restarts
        self.max_seconds = config.restart_window_seconds

    def child_specs(self) -> Sequence[ChildSpec]:
        """Return the Manager, and a QueueSupervisor for each queue and group configured or added since."""
        manager = ChildSpec(id="manager", start=partial(Manager, self._node, self._queue_spec), name=names.MANAGER)
        # The Manager first: the queues report to it.
        pools = dict.fromkeys(row.pool for row in self._node.queues.values())
        return (manager, *(self._queue_spec(pool) for pool in pools))

    def _queue_spec(self, pool: str) -> ChildSpec:
        return ChildSpec(
            id=pool,
            start=partial(QueueSupervisor, self._node, pool),
            name=names.queue_supervisor(pool),
            type=ChildType.SUPERVISOR,
            backoff=_BACKOFF,
        )
