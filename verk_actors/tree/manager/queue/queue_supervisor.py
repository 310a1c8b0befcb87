"""One queue: its connection, its workers, and who looks after them.

Supervised by the ManagerSupervisor. One for one, as in Verk: each child finds in the running table what it needs
to go on after a crash of itself or of a sibling.

Source: Verk lib/verk/queue_supervisor.ex.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from verk_actors.otp import ChildSpec, ChildType, Supervisor
from verk_actors.tree import names
from verk_actors.tree.manager.queue.queue_manager import QueueManager
from verk_actors.tree.manager.queue.worker_pool import WorkerPool
from verk_actors.tree.manager.queue.workers_manager import WorkersManager
from verk_actors.tree.node_state import NodeState


class QueueSupervisor(Supervisor):
    """The supervisor of one queue."""

    def __init__(self, node: NodeState, queue: str) -> None:
        super().__init__()
        self._node = node
        self._queue = queue
        self.max_restarts = node.config.max_restarts
        self.max_seconds = node.config.restart_window_seconds

    def child_specs(self) -> Sequence[ChildSpec]:
        """Return the three children, in Verk's order."""
        node, queue = self._node, self._queue
        return (
            # First, since the others' last act on a stop is a word to it.
            ChildSpec(
                id="queue_manager",
                start=partial(QueueManager, node, queue),
                name=names.queue_manager(queue),
            ),
            # Before the manager that hands out jobs, so that there is somebody to take them.
            ChildSpec(
                id="pool",
                start=partial(WorkerPool, node, queue),
                name=names.worker_pool(queue),
                type=ChildType.SUPERVISOR,
            ),
            # Last, so stopped first: it settles what has ended while both others live.
            ChildSpec(
                id="workers_manager",
                start=partial(WorkersManager, node, queue),
                name=names.workers_manager(queue),
            ),
        )
