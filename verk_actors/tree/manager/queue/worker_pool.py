"""The pool of workers of one queue.

Supervised by the QueueSupervisor. Poolboy's place in Verk, without its checkout: idle workers stand in the
running table, and jobs are claimed, not handed out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from verk_actors.config import Executor
from verk_actors.otp import ChildSpec, Server, Supervisor
from verk_actors.tree.manager.queue.async_worker import AsyncWorker
from verk_actors.tree.manager.queue.process_worker import ProcessWorker
from verk_actors.tree.manager.queue.worker import Worker
from verk_actors.tree.node_state import NodeState

_WORKERS: Mapping[Executor, Callable[[NodeState, str, int], Server]] = {
    "thread": Worker,
    "process": ProcessWorker,
    "async": AsyncWorker,
}
"""What makes a worker, of its node, its queue and its number, by the queue's executor."""

_SHUTDOWN_SECONDS: Mapping[Executor, float] = {
    # An idle worker ends at once; a busy one has had its time, and its job is handed back.
    "thread": 0.5,
    # A job that is handed back is ended here, so each ends soon; on a busy machine many processes take a while.
    "process": 5.0,
    "async": 0.5 + AsyncWorker.cancel_seconds,
}


class WorkerPool(Supervisor):
    """Keeps the queue's workers alive: as many as its size, or the one that runs as many jobs at once."""

    parallel_stop = True

    def __init__(self, node: NodeState, queue: str) -> None:
        config = node.queues[queue].config
        is_async = config.executor == "async"
        number_of_workers = 1 if is_async else config.size
        super().__init__(
            ChildSpec(
                id=number,
                start=partial(_WORKERS[config.executor], node, queue, number),
                shutdown=_SHUTDOWN_SECONDS[config.executor],
            )
            for number in range(1, number_of_workers + 1)
        )
        # Each worker may die once in the window, whatever the size, before it is the pool that is broken.
        self.max_restarts = node.config.max_restarts + number_of_workers
        self.max_seconds = node.config.restart_window_seconds
        node.queues[queue].running_jobs.idle.clear()  # workers of a pool before this one
