"""The running table and the channel of one queue: what its actors share, and what outlives them.

A job enters when it is fetched and leaves when Redis has confirmed its fate, so this table is never behind the
in-progress list. Messages about it are nudges: whoever gets one, or starts anew, looks here.

Plain containers and no lock: each operation on them is one step under the interpreter's lock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import attrs

from verk_actors.otp import Ref
from verk_actors.tree.messages import JobsEnded, JobsMoved, Run
from verk_actors.tree.running_job import Outcome, RunningJob

MOST_PER_EXCHANGE = 100  # of jobs settled, and of jobs fetched; Verk's @max_jobs; keeps replies and scripts short
_BRISK_SECONDS = 0.0001  # about what it takes to wake a thread
_MANY = MOST_PER_EXCHANGE // 2  # ended jobs that are settled though more wait; with prefetch they always do
PREDECESSOR_SECONDS = 20.0  # how long a manager waits for the thread of a killed one that had the table before it

_RUN = Run()


@attrs.define(eq=False)
class Nudged:
    """An actor that is told to look at the table, and not again before it has looked.

    One that is dead has, or will have, a successor, which looks by itself before it waits.

    Attributes:
        message: what it is told.
        ref: the actor, or the last one.
        told: it has been told, and has not looked yet.
    """

    message: JobsEnded | JobsMoved
    ref: Ref | None = None
    told: bool = False

    def nudge(self) -> None:
        """Tell it, unless it has been told already."""
        while not self.told and (ref := self.ref) is not None:
            self.told = True
            if ref.cast(self.message) or ref is self.ref:
                return
            self.told = False  # the successor has looked already


@attrs.define(eq=False)
class RunningJobs:
    """The jobs of one queue that this node has taken.

    Attributes:
        held: all of them, in the order of their fetch; added to and removed from by the QueueManager alone.
        channel: those that wait for a worker, the next on the left.
        is_open: workers may claim.
        ended: those the QueueManager has not yet looked at since.
        started, settled: those the WorkersManager has not yet looked at since.
        idle: workers that wait for `Run`.
        workers: those that live, or of whose death the WorkersManager has not heard; it alone removes.
        left: jobs that were cancelled and whose tasks go on all the same; each keeps its place. A group has one for all
            its queues. Canceller adds to it, AsyncWorker removes from it.
        waking: a worker has been woken and has not looked yet.
        brisk: jobs end at once of late; written by the QueueManager.
        watched: the QueueManager, its only writer, looks again in a moment. So a worker that takes a job amid others
            that wait leaves the other workers and the managers alone.
        room: how many jobs may be held; written by the WorkersManager. 0 while it is closed.
        room_kept: the room that the QueueManager keeps to; written by it. 0 where nothing more comes into the table.
        queue_manager: who fetches and settles.
        workers_manager: who is told; it writes `is_open`.
    """

    held: dict[RunningJob, None] = attrs.Factory(dict)
    channel: deque[RunningJob] = attrs.Factory(deque)
    is_open: bool = False
    started: deque[RunningJob] = attrs.Factory(deque)
    ended: deque[RunningJob] = attrs.Factory(deque)
    settled: deque[RunningJob] = attrs.Factory(deque)
    idle: deque[Ref] = attrs.Factory(deque)
    workers: dict[Ref, None] = attrs.Factory(dict)
    left: dict[RunningJob, None] = attrs.Factory(dict)
    waking: bool = False
    brisk: bool = False
    watched: bool = False
    room: int = 0
    room_kept: int = 0
    queue_manager: Nudged = attrs.Factory(lambda: Nudged(JobsEnded()))
    workers_manager: Nudged = attrs.Factory(lambda: Nudged(JobsMoved()))

    def add(self, job: RunningJob) -> None:
        """Enter a job that was fetched; it waits for a worker unless it has ended."""
        self.held[job] = None
        (self.channel if job.outcome is None else self.ended).append(job)

    def end(self, job: RunningJob, outcome: Outcome, now: float) -> bool:
        """Put down how a job has ended; False where that is known already, as it was given back or given up."""
        if not job.end(outcome, now):
            return False
        self.ended.append(job)
        return True

    def withdraw(self) -> list[RunningJob]:
        """Take back what no worker has claimed; one by one, as each may be claimed meanwhile."""
        withdrawn: list[RunningJob] = []
        while self.channel:
            try:
                withdrawn.append(self.channel.popleft())
            except IndexError:
                break
        return withdrawn

    def withdraw_one(self, job: RunningJob) -> bool:
        """Take back one job, unless a worker has claimed it; one step, since jobs are told apart by identity."""
        try:
            self.channel.remove(job)
        except (ValueError, IndexError):  # it isn't there, or went in this moment
            return False
        return True

    def wake(self, *, one_comes: bool = False) -> bool:
        """See to it that a worker looks if jobs wait: the one that went idle last, as its memory is warm.

        Args:
            one_comes: a job is about to come in, by the time that a worker is awake.

        Returns:
            False where none will: nothing waits, the channel is closed, or all are at their jobs.
        """
        while (self.channel or one_comes) and self.is_open:
            if self.waking:
                return True
            try:
                worker = self.idle.pop()
            except IndexError:
                return False
            self.waking = True
            if worker.cast(_RUN) and worker.pending_exit is None:
                return True
            self.waking = False  # it has died idle, or is to end; a successor looks by itself, but others may be idle
        return False

    def claim(self, worker: Ref) -> RunningJob | None:
        """Take the next job for a worker, on its own thread; wakes the next worker if jobs wait that nobody watches."""
        while self.is_open:
            try:
                running_job = self.channel.popleft()
            except IndexError:
                return None
            running_job.worker = worker
            if not self.watched:
                self.wake()
            if running_job.settled is None:
                return running_job
            self.workers_manager.nudge()  # of a job that was no longer ours before it ran there is nothing else to tell
        return None

    def join(self, worker: Ref) -> None:
        """Enter a worker that has started, so that somebody hears of its end."""
        self.workers[worker] = None
        self.workers_manager.nudge()

    def leave(self, worker: Ref) -> None:
        """Take a worker that ends from the idle ones; where it was woken before it was to end, another looks."""
        try:
            self.idle.remove(worker)
        except ValueError:
            self.waking = False
            self.wake()

    def judge(self, ended: Sequence[RunningJob]) -> None:
        """Note whether jobs are brisk, by those that have ended lately.

        By the shortest: any of them may have waited for the interpreter's lock, which says nothing about the jobs.
        """
        took = [job.ended_at - job.started_at for job in ended if job.worker is not None]  # else it never ran
        if took:
            self.brisk = min(took) < _BRISK_SECONDS

    def watch(self) -> None:
        """Watch over jobs of which one worker is to take all, from before it is woken: it takes the first at once."""
        self.watched = self.brisk and len(self.channel) > 1

    def look_again(self) -> None:
        """Have another worker look if jobs wait still, and watch on if one will; tell of what has happened meanwhile.

        While that is decided nobody may rely on the watch: a worker that goes idle meanwhile may be the first to.
        """
        self.watched = False
        self.watched = self.wake()
        if self.started or self.settled:
            self.workers_manager.nudge()
        if self.ended:
            self.queue_manager.nudge()

    def tell_of_end(self) -> None:
        """Tell the QueueManager that a job has ended, if it is worth its while.

        While a worker is at brisk jobs it is not: it will be told of the last of them. Waking it for each costs more
        than they do, as it would wait for the interpreter's lock, and be woken in vain whenever a job lets go of that.
        """
        if not self.watched or not self.channel or len(self.ended) >= _MANY:
            self.queue_manager.nudge()

    def tell_of_settled(self) -> None:
        """Tell the WorkersManager once many jobs were settled: waking it costs more than what it does for a few."""
        if len(self.settled) >= MOST_PER_EXCHANGE:
            self.workers_manager.nudge()

    def running(self) -> list[RunningJob]:
        """Return the jobs that workers run now."""
        return [job for job in list(self.held) if job.worker is not None and job.outcome is None]


def most_at_once(room: int, workers: int) -> int:
    """Return how many jobs one step is to settle, and to fetch.

    Where jobs are fetched ahead that is half of them: the workers have the others meanwhile.
    """
    return min(MOST_PER_EXCHANGE, max(workers, (room + 1) // 2))


def emptied(jobs: deque[RunningJob]) -> list[RunningJob]:
    """Take what is in a deque now; others may append meanwhile."""
    take = jobs.popleft
    return [take() for _ in range(len(jobs))]
