"""The pool of workers of one queue, or of a group of queues.

Supervised by the QueueSupervisor. Poolboy's place in Verk, without its checkout: idle workers stand in the
running table, and jobs are claimed, not handed out. Its size may change; surplus workers end their job first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import count

from verk_actors.otp import SHUTDOWN, ChildSpec, ExitReason, Ref, Server, Supervisor, TerminateChild, handles
from verk_actors.settings.queues import Executor
from verk_actors.tree.manager.queue.async_worker import AsyncWorker
from verk_actors.tree.manager.queue.process_worker import ProcessWorker
from verk_actors.tree.manager.queue.worker import Worker
from verk_actors.tree.messages import Resized
from verk_actors.tree.node_state import NodeState

_WORKERS: Mapping[Executor, Callable[[NodeState, str, int], Server]] = {
    "thread": Worker,
    "process": ProcessWorker,
    "async": AsyncWorker,
}
"""What makes a worker, of its node, its queue and its number, by the queue's executor."""

_SHUTDOWN_SECONDS: Mapping[Executor, float] = {
    # An idle worker ends at once, unless the machine is busy; a busy one has had its time, and its job is handed back.
    "thread": 1.5,
    # A job that is handed back is ended here, so each ends soon; on a busy machine many processes take a while.
    "process": 5.0,
    "async": 1.5 + AsyncWorker.cancel_seconds,
}


class WorkerPool(Supervisor):
    """Keeps the workers alive: as many as the size says, or the one that runs as many jobs at once.

    Args:
        pool: the queue, or the group, whose workers they are.
    """

    parallel_stop = True

    def __init__(self, node: NodeState, pool: str) -> None:
        super().__init__()
        self._node = node
        self._pool = pool
        self._row = node.rows_of(pool)[0]
        self._surplus: set[Ref] = set()  # told to end
        self.max_seconds = node.config.restart_window_seconds

    def init(self) -> None:
        """Start the workers, of which those of a pool before this one know nothing."""
        self._row.running_jobs.idle.clear()
        super().init()
        self._put_up_with_restarts()

    def child_specs(self) -> Sequence[ChildSpec]:
        """Return as many workers as the table wants now: who changes that from now on tells this pool."""
        return [self._spec(number) for number in range(1, self._number_of_workers() + 1)]

    @handles(Resized)
    def resized(self, message: Resized) -> None:
        """Start the workers that are missing, and have those that are too many end once they are at no job."""
        staying = [child for child in self.children if child.ref not in self._surplus]
        for child in staying[self._number_of_workers() :]:
            if child.ref is None:  # about to be restarted
                self.children.forget(child)
            else:
                self._surplus.add(child.ref)
                child.ref.exit(SHUTDOWN, self.actor_ref)
        for _ in range(self._number_of_workers() - len(staying)):
            self._start_new(self._spec(next(n for n in count(1) if self.children.get(n) is None)))
        self._put_up_with_restarts()
        if self._row.config.executor == "async":
            for child in self.children:
                if child.ref is not None:
                    child.ref.cast(message)

    @handles(TerminateChild)
    def _terminate_child(self, message: TerminateChild) -> None:
        """Stop a worker; one that was to end anyway has no successor."""
        child = self._child(message.id)
        ref = child.ref
        super()._terminate_child(message)
        if ref in self._surplus:
            self._surplus.remove(ref)
            self.children.forget(child)
            self.children.publish()

    def handle_exit(self, sender: Ref | None, reason: ExitReason) -> None:
        """Restart a worker that ended, unless it was to."""
        child = self.children.of(sender)
        if child is None or sender not in self._surplus:
            super().handle_exit(sender, reason)
            return
        self._surplus.remove(sender)
        self.children.forget(child)
        self.children.publish()

    def _number_of_workers(self) -> int:
        config = self._row.config
        return 1 if config.executor == "async" else config.size

    def _put_up_with_restarts(self) -> None:
        """Let each worker die once in the window, whatever the size, before it is the pool that is broken."""
        self._window.max_restarts = self._node.config.max_restarts + self._number_of_workers()

    def _spec(self, number: int) -> ChildSpec:
        executor = self._row.config.executor
        return ChildSpec(
            id=number,
            start=partial(_WORKERS[executor], self._node, self._pool, number),
            shutdown=_SHUTDOWN_SECONDS[executor],
        )
