"""Cancels running jobs: asks each to end, and does without it when it has had its time.

Supervised by the ActorSystem, permanent. That a job was asked stands in the running table, so a successor of this actor
goes on where it died. What becomes of a cancelled job is decided where the fate of all jobs is (`fate`).

How a job is asked depends on what it runs in. One that waits for a worker is cancelled at once. A thread finds
`current_job().cancelled`; after the grace time it is abandoned, and its worker replaced. In a process of its own the
job finds the same; after the grace time the process is killed. A task is cancelled, as asyncio does it; one that goes
on all the same counts as cancelled after the grace time, and keeps its place until it ends.

Source: Exq lib/exq/node/server.ex, CANCEL.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from verk_actors.jobs.run import Cancellation, CancelRequest, JobNotRunning
from verk_actors.messages import CancelJob
from verk_actors.otp import Cast, ChildRow, Ref, Refused, RestartChild, Server, TerminateChild, handles
from verk_actors.tree.frames import stack_of
from verk_actors.tree.job_runs import cancellable
from verk_actors.tree.node_log import NodeLog
from verk_actors.tree.node_state import NodeState, QueueRow
from verk_actors.tree.running_job import Cancelled, RunningJob

log = NodeLog(__name__)


@attrs.frozen(eq=False)
class GraceOver(Cast):
    """Canceller to itself: this job has had its time."""

    queue: str
    row: QueueRow
    running_job: RunningJob


class Canceller(Server):
    """Ends the runs of jobs that are not wanted any more."""

    def __init__(self, node: NodeState) -> None:
        super().__init__()
        self._node = node

    def init(self) -> None:
        """Give those that a predecessor asked their time anew."""
        for queue, row in tuple(self._node.queues.items()):
            for running_job in row.running_jobs.running():
                if running_job.cancel is not None:
                    self._wait_for(queue, row, running_job)

    @handles(CancelJob)
    def cancel(self, message: CancelJob) -> Cancellation:
        """Cancel all runs of a job on this node; returns of the first where it was."""
        found = [self._ask(*one) for one in cancellable(tuple(self._node.queues.items()), message.jid)]
        if not found:
            raise Refused(JobNotRunning(message.jid))
        return found[0]

    def _ask(self, queue: str, row: QueueRow, running_job: RunningJob) -> Cancellation:
        is_new = running_job.cancel is None
        if is_new:
            running_job.cancel = CancelRequest()
        waits = row.running_jobs.withdraw_one(running_job)
        if waits:
            self._end(row, running_job, ())
        elif is_new:
            if (ask := running_job.ask) is not None:
                ask()
            self._wait_for(queue, row, running_job)
        job = running_job.job
        return Cancellation(
            jid=str(job.jid) if job is not None else "",
            where="queue" if waits else "running",
            queue=queue,
            node=self._node.config.node_id,
        )

    def _wait_for(self, queue: str, row: QueueRow, running_job: RunningJob) -> None:
        self.send_after(self._node.config.cancel_grace_seconds, GraceOver(queue, row, running_job))

    @handles(GraceOver)
    def grace_over(self, message: GraceOver) -> None:
        """Do without the job: what it comes to counts no more, and its worker serves others."""
        running_job, row = message.running_job, message.row
        worker, job = running_job.worker, running_job.job
        if running_job.outcome is not None or worker is None or job is None:
            return  # it has ended
        if not self._end(row, running_job, stack_of(running_job)):
            return
        log.warning("%s: %s %s was cancelled and has not ended: it is left", message.queue, job.class_, job.jid)
        if (interrupt := running_job.interrupt) is not None:
            interrupt()
        else:
            self._replace(worker)

    def _end(self, row: QueueRow, running_job: RunningJob, stack: tuple[str, ...]) -> bool:
        table, worker = row.running_jobs, running_job.worker
        if running_job.coroutine is not None and worker is not None and worker.is_alive():
            table.left[running_job] = None  # before the job leaves the table, so that no other is fetched for it
        is_ours = table.end(running_job, Cancelled(stack), self.clock.time())
        if running_job.coroutine is None:  # it has ended in this moment
            table.left.pop(running_job, None)
        if is_ours:
            table.queue_manager.nudge()
        return is_ours

    def _replace(self, worker: Ref) -> None:
        """Have a worker's supervisor abandon its thread and start another: no crash, so no restart is used up."""
        pool = worker.parent
        child = next((child for child in _children(pool) if child.ref is worker), None)
        if pool is not None and child is not None:
            pool.ask(TerminateChild(child.id), block=False)
            pool.ask(RestartChild(child.id), block=False)


def _children(pool: Ref | None) -> Iterator[ChildRow]:
    yield from () if pool is None else pool.children
