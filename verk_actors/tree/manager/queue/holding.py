"""The jobs of one queue that this node holds: how they come into the running table, and how they leave it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

import attrs

from verk_actors.tree.manager.queue.reconcile import compare
from verk_actors.tree.manager.queue.starting import Starting
from verk_actors.tree.manager.queue.taken import running_job_of
from verk_actors.tree.running_job import RunningJob
from verk_actors.tree.running_jobs import RunningJobs


@attrs.define(eq=False)
class Holding:
    """What a QueueManager has in hand; it alone uses this, on its thread.

    Attributes:
        starting: what is done before a job starts.
        refused: Redis did not take their fate; they keep their room.
        lost: still run here, though a peer took them.
    """

    queue: str
    table: RunningJobs
    starting: Starting
    refused: dict[RunningJob, None] = attrs.Factory(dict)
    lost: list[RunningJob] = attrs.Factory(list)

    def take(self, payloads: Iterable[bytes], time: Callable[[], float]) -> Sequence[RunningJob]:
        """Enter fetched jobs into the table, before anybody is told.

        Returns:
            Those for which something is to be done in Redis before that: `start` them.
        """
        waiting: list[RunningJob] = []
        for payload in payloads:
            again = self._found_again(payload) if self.lost else None
            running_job = again or running_job_of(payload, self.queue, time)
            if self.starting.is_needed(running_job):
                waiting.append(running_job)
            elif again is None:
                self.table.add(running_job)
            else:
                self._enter(again)
        return waiting

    def start(self, jobs: Sequence[RunningJob], now: float) -> int:
        """Enter those that may start, when all is done for them; returns how many were put aside, to wait in Redis."""
        begun = self.starting.done_for(jobs, now)
        for running_job in begun.ready:
            self._enter(running_job)
        for running_job in begun.aside:
            if running_job.worker is not None:  # it runs here all the same, and is not this node's
                self._lose(running_job)
        return len(begun.aside)

    def _lose(self, running_job: RunningJob) -> None:
        running_job.settled = False
        self.table.held.pop(running_job, None)
        self.lost.append(running_job)

    def _enter(self, running_job: RunningJob) -> None:
        if running_job.worker is None:
            self.table.add(running_job)
        else:
            self.table.held[running_job] = None  # found again

    def unsettled(self, jobs: Collection[RunningJob]) -> list[RunningJob]:
        """Return the jobs that Redis is to be told of; not those sent again though settled, nor lost ones."""
        for job in [job for job in self.lost if job in jobs]:
            self.lost.remove(job)
            self.table.settled.append(job)
        return [job for job in jobs if job.settled is None]

    def note(self, job: RunningJob, settled: bool | None) -> None:
        """Note what Redis did with a job's fate: settled it or no more had the job; None where it refused to."""
        if settled is None:
            job.sent = False
            self.refused[job] = None
            return
        job.settled = settled
        if settled and job.slots:
            self.starting.note_settled(job)
        self.table.held.pop(job, None)
        self.refused.pop(job, None)
        if job.outcome is not None:
            self.table.settled.append(job)

    def reconcile(self, listed: Collection[bytes]) -> Collection[bytes]:
        """Make the table agree with the in-progress list; returns the payloads there that nobody here knows."""
        verdict = compare(list(listed), self.table.held)
        for job in verdict.settled:
            self.note(job, settled=True)
        for job in verdict.lost:
            if job.started_at and job.outcome is None:  # looked at once: it may end at any moment
                self._lose(job)
            else:
                self.note(job, settled=False)
        if verdict.settled or verdict.lost:
            self.table.workers_manager.nudge()
        return verdict.orphans

    def _found_again(self, payload: bytes) -> RunningJob | None:
        """Return the lost job of this payload that still runs here: it is ours again, and not started twice."""
        for job in self.lost:
            if job.payload == payload and job.outcome is None:
                self.lost.remove(job)
                job.settled = None
                return job
        return None
