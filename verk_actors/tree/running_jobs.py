"""The running table and the channel of one queue: what its actors share, and what outlives them.

A job enters when it is fetched and leaves when Redis has confirmed its fate, so this table is never behind the
in-progress list. Messages about it are nudges: whoever gets one, or starts anew, looks here.

Plain containers and no lock: each operation on them is one step under the interpreter's lock.
"""

from __future__ import annotations

from collections import deque

import attrs

from verk_actors.messages import JobsMoved, Run
from verk_actors.otp import Ref
from verk_actors.running_job import RunningJob

MOST_PER_EXCHANGE = 100  # of jobs settled, and of jobs fetched; Verk's @max_jobs; keeps replies and scripts short
PREDECESSOR_SECONDS = 20.0  # how long a manager waits for the thread of a killed one that had the table before it

_RUN = Run()
_JOBS_MOVED = JobsMoved()


@attrs.define(eq=False)
class RunningJobs:
    """The jobs of one queue that this node has taken.

    Attributes:
        held: all of them, in the order of their fetch; added to and removed from by the QueueManager alone.
        channel: those that wait for a worker, the next on the left.
        is_open: workers may claim; written by the WorkersManager.
        started, ended, settled: those the WorkersManager has not yet looked at since that happened to them.
        idle: workers that wait for `Run`.
        waking: a worker has been woken and has not looked yet.
        spreading: jobs wait though a worker has looked, so each that claims one wakes the next.
        queue_manager: who fetches and settles, or did last.
        workers_manager: who is told, or was last.
        told: it has been told, and has not looked yet.
    """

    held: dict[RunningJob, None] = attrs.Factory(dict)
    channel: deque[RunningJob] = attrs.Factory(deque)
    is_open: bool = False
    started: deque[RunningJob] = attrs.Factory(deque)
    ended: deque[RunningJob] = attrs.Factory(deque)
    settled: deque[RunningJob] = attrs.Factory(deque)
    idle: deque[Ref] = attrs.Factory(deque)
    waking: bool = False
    spreading: bool = False
    queue_manager: Ref | None = None
    workers_manager: Ref | None = None
    told: bool = False

    def add(self, job: RunningJob) -> None:
        """Enter a job that was fetched; it waits for a worker unless it has ended."""
        self.held[job] = None
        if job.outcome is None:
            self.channel.append(job)

    def withdraw(self) -> list[RunningJob]:
        """Take back what no worker has claimed; one by one, as each may be claimed meanwhile."""
        withdrawn: list[RunningJob] = []
        while self.channel:
            try:
                withdrawn.append(self.channel.popleft())
            except IndexError:
                break
        return withdrawn

    def wake(self) -> None:
        """See to it that a worker looks if jobs wait: the one that went idle last, as its memory is warm."""
        while self.channel and self.is_open and not self.waking:
            try:
                worker = self.idle.pop()
            except IndexError:
                return
            self.waking = True
            if worker.cast(_RUN):
                return
            self.waking = False  # it died idle; its successor looks by itself, but others may be idle too

    def spread(self) -> None:
        """Have more workers look if jobs wait though one has looked: it is not through with them at once.

        One that is takes them all, and to wake others in vain costs more than short jobs do.
        """
        if self.channel and not self.waking:
            self.spreading = True
            self.wake()

    def claim(self, worker: Ref) -> RunningJob | None:
        """Take the next job for a worker, on its own thread."""
        while self.is_open:
            try:
                running_job = self.channel.popleft()
            except IndexError:
                return None
            running_job.worker = worker
            if self.spreading:
                self.spreading = bool(self.channel)
                self.wake()
            if running_job.settled is None:  # else it was found to be no longer ours before it ran
                return running_job
        return None

    def tell(self) -> None:
        """Tell the WorkersManager that jobs have moved, unless it has been told already.

        One that is dead has, or will have, a successor, which looks by itself before it waits.
        """
        while not self.told and (manager := self.workers_manager) is not None:
            self.told = True
            if manager.cast(_JOBS_MOVED) or manager is self.workers_manager:
                return
            self.told = False  # the successor has looked already

    def running(self) -> list[RunningJob]:
        """Return the jobs that workers run now."""
        return [job for job in list(self.held) if job.worker is not None and job.outcome is None]
