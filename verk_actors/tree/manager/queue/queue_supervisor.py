"""One queue: its connection, its workers, and who looks after them. Or a group of queues that share their workers.

Supervised by the ManagerSupervisor. One for one, as in Verk: each child finds in the running table what it needs
to go on after a crash of itself or of a sibling.

Source: Verk lib/verk/queue_supervisor.ex.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from verk_actors.otp import ChildSpec, ChildType, Server, Supervisor
from verk_actors.tree import names
from verk_actors.tree.manager.queue.queue_manager import QueueManager
from verk_actors.tree.manager.queue.worker_pool import WorkerPool
from verk_actors.tree.manager.queue.workers_manager import WorkersManager
from verk_actors.tree.node_state import NodeState


class QueueSupervisor(Supervisor):
    """The supervisor of one queue, or of the queues of one group.

    Args:
        pool: the queue, or the group.
    """

    def __init__(self, node: NodeState, pool: str) -> None:
        super().__init__()
        self._node = node
        self._pool = pool
        self._queues = node.queues_of(pool)
        self.max_restarts = node.config.max_restarts * len(self._queues)
        self.max_seconds = node.config.restart_window_seconds

    def child_specs(self) -> Sequence[ChildSpec]:
        """Return the children, in Verk's order: a QueueManager and a WorkersManager for each queue, and one pool."""
        node, pool = self._node, self._pool
        return (
            # First, since the others' last act on a stop is a word to it.
            *(_child(partial(QueueManager, node, queue), names.queue_manager(queue)) for queue in self._queues),
            # Before the manager that hands out jobs, so that there is somebody to take them.
            _child(partial(WorkerPool, node, pool), names.worker_pool(pool), ChildType.SUPERVISOR),
            # Last, so stopped first: it settles what has ended while both others live.
            *(_child(partial(WorkersManager, node, queue), names.workers_manager(queue)) for queue in self._queues),
        )


def _child(start: Callable[[], Server], name: str, type: ChildType = ChildType.WORKER) -> ChildSpec:
    return ChildSpec(id=name, start=start, name=name, type=type)
