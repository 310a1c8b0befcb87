"""Runs jobs, one at a time.

Supervised by the WorkerPool, permanent. It claims jobs from the channel of its queue, or from those of its group, until
there are none, and waits for `Run`. Whatever a job raises, `SystemExit` included, is the job's failure and never the
worker's; a worker that dies all the same is restarted, and its WorkersManager sees to the job it had.

Source: Verk lib/verk/worker.ex. Differs: a worker serves many jobs, docs/decisions/0005.
"""

from __future__ import annotations

from verk_actors.events import JobStarted
from verk_actors.jobs.context import CurrentJob
from verk_actors.otp import ExitReason, Server, handles
from verk_actors.tree import names
from verk_actors.tree.manager.queue.claims import claims_of
from verk_actors.tree.manager.queue.performing import perform
from verk_actors.tree.messages import Run
from verk_actors.tree.node_state import NodeState
from verk_actors.tree.running_job import SUCCEEDED, Outcome, RunningJob


class Worker(Server):
    """One thread that runs jobs of one queue, or of the queues of one group.

    Args:
        pool: the queue, or the group.
        number: which of its workers it is, from 1.
    """

    def __init__(self, node: NodeState, pool: str, number: int) -> None:
        super().__init__()
        # Not registered: one that was killed in its job works on beside its successor.
        self.actor_ref.label = names.worker(pool, number)
        self._find, self._is_wanted = node.registry.find, node.is_wanted
        self._frames = node.config.backtrace_frames
        self._node_id, self._most_bytes = node.config.node_id, node.config.max_result_bytes
        self._claims = claims_of(node, pool)

    def init(self) -> None:
        """Look at the channel first: the worker before may have been woken and died."""
        self._now = self.clock.time
        self._claims.join(self.actor_ref)
        self.actor_ref.cast(Run())

    @handles(Run)
    def run(self, _: Run) -> None:
        """Run jobs until the channel is empty, or this worker is told to end."""
        claims, me = self._claims, self.actor_ref
        claims.begin()
        while me.pending_exit is None and me.reason is None:
            running_job = claims.claim(me)
            if running_job is None:
                claims.rest(me)
                return
            self._run_one(running_job)

    def terminate(self, reason: ExitReason) -> None:
        """Leave what may be waiting to the others."""
        self._claims.leave(self.actor_ref)

    def _run_one(self, running_job: RunningJob) -> None:
        table, now = self._claims.table, self._now
        running_job.started_at = now()
        table.started.append(running_job)
        if not table.watched and self._is_wanted(JobStarted):
            table.workers_manager.nudge()
        if table.end(running_job, self._perform(running_job), now()):
            table.tell_of_end()

    def _perform(self, running_job: RunningJob) -> Outcome:
        job = running_job.job
        if job is None:
            return SUCCEEDED
        current = CurrentJob(job, self._node_id, running_job, self._most_bytes)
        return perform(current, self._find, self._frames, self._now)
