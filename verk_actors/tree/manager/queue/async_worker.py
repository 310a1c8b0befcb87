"""Runs the jobs of one queue on one event loop, as many at once as the queue's size.

Supervised by the WorkerPool, permanent, as its only child. It claims jobs from the channel as a Worker does, but goes
on claiming while jobs run, each of which is a task. At its end they are cancelled: those that were not handed back
before have failed, as they would with a Worker that dies; where it ends for a shutdown they go back to the queue.

Source: ours, docs/decisions/0024; Verk needs no such thing, as its processes are cheap.
"""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from verk_actors.errors import loggable, shown
from verk_actors.events import JobStarted
from verk_actors.jobs.context import CurrentJob, context_of
from verk_actors.otp import LoopServer, handles
from verk_actors.otp.event_loop import CancelledError
from verk_actors.tree import names
from verk_actors.tree.manager.queue.claims import claims_of
from verk_actors.tree.manager.queue.failure import failure_of, worker_died
from verk_actors.tree.manager.queue.performing import perform_as_task
from verk_actors.tree.messages import Resized, Run, WorkersFree
from verk_actors.tree.node_log import NodeLog
from verk_actors.tree.node_state import NodeState
from verk_actors.tree.running_job import GIVEN_BACK, Failed, Outcome, RunningJob
from verk_actors.tree.running_jobs import RunningJobs

log = NodeLog(__name__)


class AsyncWorker(LoopServer):
    """One event loop that runs the jobs of one queue, or of the queues of one group.

    Args:
        pool: the queue, or the group.
        number: which of its workers it is, from 1.
    """

    cancel_seconds: ClassVar[float] = 2.0

    def __init__(self, node: NodeState, pool: str, number: int) -> None:
        super().__init__()
        # Not registered: one that was killed while a job blocked its loop works on beside its successor.
        self.actor_ref.label = names.worker(pool, number)
        row = node.rows_of(pool)[0]
        self._find, self._is_wanted = node.registry.find, node.is_wanted
        self._frames = node.config.backtrace_frames
        self._node_id, self._most_bytes = node.config.node_id, node.config.max_result_bytes
        self._limit_seconds = row.config.timeout_seconds
        self._claims = claims_of(node, pool)
        self._row = row
        self._tables = [one.running_jobs for one in node.rows_of(pool)]
        self._busy = 0  # jobs that run
        self._is_idle = False  # whether it stands in the table as that, and is sent `Run` when there are jobs

    def init(self) -> None:
        """Look at the channel first: the worker before may have been woken and died. Its tasks keep no place here."""
        if self._row.running_jobs.left:
            self._row.running_jobs.left.clear()
            self._tell_of_place()
        self._claims.join(self.actor_ref)
        self.actor_ref.cast(Run())

    @handles(Run)
    def run(self, _: Run) -> None:
        """Start jobs until the channel is empty, or as many run as may."""
        self._is_idle = False
        self._claims.begin()
        self._claim()

    @handles(Resized)
    def resized(self, _: Resized) -> None:
        """Start more jobs if more may run; those that are too many now end as ever."""
        if not self._is_idle:
            self._claim()

    def handle_loop_error(self, what: str, error: BaseException | None) -> None:
        """Write to the log what asyncio has to say, as of a task that a job left behind."""
        log.error("%s: %s: %s", self.actor_ref, loggable(what), shown(error), exc_info=error)

    def _claim(self) -> None:
        claims, row, me = self._claims, self._row, self.actor_ref
        while self._busy < row.config.size and me.pending_exit is None and me.reason is None and self.ending is None:
            running_job = claims.claim(me)
            if running_job is None:
                self._is_idle = True
                claims.rest(me)
                return
            self._start(running_job, claims.table)

    def _start(self, running_job: RunningJob, table: RunningJobs) -> None:
        time, job = self.clock.time, running_job.job
        if job is None:
            return  # never offered
        self._busy += 1
        running_job.started_at = time()
        table.started.append(running_job)
        if self._is_wanted(JobStarted):
            table.workers_manager.nudge()
        current = CurrentJob(job, self._node_id, running_job, self._most_bytes)
        running_job.coroutine = perform_as_task(current, self._find, self._frames, time, self._limit_seconds)
        running_job.interrupt = cancel = self.spawn(
            running_job.coroutine,
            partial(self._ended, running_job, table),
            context_of(current),
        )
        if running_job.outcome is not None:  # handed back since it was claimed
            running_job.interrupt()
        running_job.ask = partial(cancel, partial(_heed, running_job))
        if running_job.cancel is not None:
            running_job.ask()

    def _ended(self, running_job: RunningJob, table: RunningJobs, outcome: Outcome | None) -> None:
        """Put the end of a job into the table, and start the next in its place."""
        self._busy -= 1
        running_job.let_go()
        if table.left.pop(running_job, running_job) is None:  # it was cancelled, and has kept its place until now
            self._tell_of_place()
        if table.end(running_job, self._judged(outcome), self.clock.time()):
            table.queue_manager.nudge()
        if not self._is_idle:
            self._claim()

    def _tell_of_place(self) -> None:
        for table in self._tables:
            if table.queue_manager.ref is not None:
                table.queue_manager.ref.cast(WorkersFree())

    def _judged(self, outcome: Outcome | None) -> Outcome:
        """Return what became of a job: what its run says, unless it was cut short by the end of this worker."""
        if outcome is None:  # cancelled before its first step, or dropped
            outcome = Failed(failure=failure_of(cancelled := CancelledError(), 0), exception=cancelled)
        cut_short = isinstance(outcome, Failed) and isinstance(outcome.exception, CancelledError)
        if self.ending is None or not cut_short:
            return outcome
        return GIVEN_BACK if self.ending.graceful else Failed(failure=worker_died(self.ending))


def _heed(running_job: RunningJob) -> None:
    """Note that a run that somebody wants to end is told so at its next await, whether it looks or not."""
    if running_job.cancel is not None:
        running_job.cancel.heeded = True
