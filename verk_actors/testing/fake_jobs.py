"""Jobs without Redis, by the code that runs them elsewhere: the codec, the perform, the fate and the retries are real.

`fake` keeps jobs until they are told to run; `inline` runs each within the call that enqueues it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import attrs

from verk_actors.client.detour import NotDiverted, diverted
from verk_actors.jobs.context import CurrentJob
from verk_actors.jobs.job_class import name_of
from verk_actors.jobs.registry import Registry, Terms
from verk_actors.jobs.registry import registry as default_registry
from verk_actors.otp.clock import SystemClock
from verk_actors.otp.testing import ManualClock
from verk_actors.settings.config import Config
from verk_actors.store.effects import released
from verk_actors.store.entries import Lock
from verk_actors.store.exchange import Kind
from verk_actors.testing.memory import Memory
from verk_actors.tree.manager.queue.fate import settlement_of
from verk_actors.tree.manager.queue.performing import perform
from verk_actors.tree.manager.queue.taken import is_unique_until_start, running_job_of
from verk_actors.tree.running_job import Failed, Outcome
from verk_actors.wire.after import jids_before
from verk_actors.wire.codec import decode, encode
from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys
from verk_actors.wire.results import JobResult, result_in

_NO_REDIS = (
    "clients only enqueue and schedule while jobs are faked or run inline, as there is no Redis to look at or change; "
    "the test's jobs are in jobs.queue(name), jobs.scheduled, jobs.retries, jobs.dead and jobs.result(jid), "
    "jobs.clear() forgets them, and testing.real() has a Redis"
)


@attrs.frozen
class Enqueued:
    """A job that was enqueued, and when it is due, in unix seconds."""

    job: Job
    due_at: float


@attrs.frozen
class Run:
    """One run of a job.

    Attributes:
        job: as it was when the run began.
        fate: what became of it: `ack`, `retry`, `dead`, `discard` or `snooze`; `expire` where it came too late to run.
        error: what it raised.
    """

    job: Job
    fate: Kind
    error: BaseException | None = None


class FakeJobs:
    """The jobs of a test.

    Attributes:
        clock: stands still but for `advance`; what clients take for now.
        enqueued: all jobs that were enqueued or scheduled, in this order, those that have run too.
        runs: all runs, in this order.
    """

    def __init__(self, config: Config, registry: Registry, *, runs_inline: bool = False) -> None:
        self.clock = ManualClock(SystemClock.time())
        self.enqueued: list[Enqueued] = []
        self.runs: list[Run] = []
        self._config = config
        self._registry = registry.under(Terms.of(config))
        self._runs_inline = runs_inline
        self._memory = Memory()

    # What clients see

    def time(self) -> float:
        """Return the unix seconds of the test."""
        return self.clock.time()

    def take(self, queue: str, jid: str, payload: bytes, score: float | None = None, locks: Sequence[Lock] = ()) -> str:
        """Take a job, due now unless there is a `score`; returns its jid, or that of the job that has its locks."""
        holder = self._memory.lock(jid, locks, self.time()) if locks else None
        if holder is not None:
            return holder
        due_at = self.time() if score is None else score
        self.enqueued.append(Enqueued(decode(payload), due_at))
        if self._runs_inline:
            self._run(queue, payload, raises=True)
        else:
            self._memory.add(queue, payload, score)
        return jid

    def store(self, *, is_only: bool) -> NoReturn:
        """Raise `NotDiverted`, which says where the jobs are: there is no Redis."""
        raise NotDiverted(_NO_REDIS)

    # What tests do

    def drain(self, queue: str | None = None, *, with_later: bool = False, raises: bool = True) -> list[Run]:
        """Run the jobs that are due, and those that they enqueue, until there are none; returns the runs.

        Args:
            queue: run those of this queue alone.
            with_later: move the clock on to the next job that is scheduled or retried, until there are none.
            raises: raise what a job raises, once it has been put among the retries or the dead; else go on.
        """
        before = len(self.runs)
        while True:
            self._memory.move_due(self.time())
            taken = self._memory.take(queue)
            if taken is not None:
                self._run(*taken, raises=raises)
                continue
            due_at = self._memory.next_due() if with_later else None
            if due_at is None:
                return self.runs[before:]
            self.advance(due_at - self.time())

    def advance(self, seconds: float) -> None:
        """Let time pass; what is due then has come to its queue, and runs with the next `drain`."""
        self.clock.move_to(self.clock.monotonic() + seconds)
        self._memory.move_due(self.time())

    def clear(self) -> None:
        """Forget all jobs and runs."""
        self.enqueued.clear()
        self.runs.clear()
        self._memory = Memory()

    def queue(self, name: str = "default") -> list[Job]:
        """Return the jobs that wait in a queue, the next one first."""
        return [decode(payload, name) for payload in self._memory.queues.get(name, ())]

    @property
    def scheduled(self) -> list[Job]:
        """The jobs that wait for their time, or were snoozed, the soonest first."""
        return self._memory.jobs_of("schedule")

    @property
    def retries(self) -> list[Job]:
        """The jobs that wait for their retry, the soonest first."""
        return self._memory.jobs_of("retry")

    @property
    def dead(self) -> list[Job]:
        """The jobs whose retries are used up."""
        return self._memory.jobs_of("dead")

    def result(self, jid: str) -> JobResult | None:
        """Return what a job has set, or returned if it has a `result_for`, as `Client.result` does."""
        document = self._document(jid)
        return None if document is None else result_in(document)

    def _document(self, jid: str) -> bytes | None:
        document, until = self._memory.kept.get(Keys(self._config.namespace).result(jid), (b"", 0.0))
        return document if until > self.time() else None

    def enqueued_by(self, of: Any) -> list[Job]:
        """Return the enqueued jobs of a job class, function or name; or those that equal a job that it builds.

        A job equals another of its class and arguments, and of its queue if it names one.
        """
        if not isinstance(of, Job):
            return [one.job for one in self.enqueued if one.job.class_ == name_of(of)]
        wanted = decode(encode(of))
        return [
            one.job
            for one in self.enqueued
            if (one.job.class_, one.job.args) == (wanted.class_, wanted.args) and wanted.queue in (None, one.job.queue)
        ]

    def assert_enqueued(self, of: Any, *, times: int | None = None, within_seconds: float | None = None) -> list[Job]:
        """Fail unless such jobs were enqueued (see `enqueued_by`), and return them.

        Args:
            of: a job class, function or name; or a job, as `Welcome.job("ann")`.
            times: how often exactly; at least once if not given.
            within_seconds: each is due within so many seconds from now.

        Raises:
            AssertionError: says what was enqueued.
        """
        found = self.enqueued_by(of)
        if not found if times is None else len(found) != times:
            wanted = "at least once" if times is None else f"{times} times"
            raise AssertionError(f"{_shown(of)} was enqueued {len(found)} times, not {wanted}; {self._listed()}")
        if within_seconds is not None:
            latest = max(one.due_at for one in self.enqueued if one.job in found) - self.time()
            if latest > within_seconds:
                raise AssertionError(f"{_shown(of)} is due in {latest:g} s, not within {within_seconds:g} s")
        return found

    def assert_not_enqueued(self, of: Any = None) -> None:
        """Fail if such a job was enqueued (see `enqueued_by`), or any.

        Raises:
            AssertionError: says what was enqueued.
        """
        found = [one.job for one in self.enqueued] if of is None else self.enqueued_by(of)
        if found:
            what = "a job" if of is None else _shown(of)
            raise AssertionError(f"{what} was enqueued {len(found)} times, not never; {self._listed()}")

    def _listed(self) -> str:
        lines = [f"\n  {_shown(one.job)} in {one.job.queue}" for one in self.enqueued]
        return f"enqueued were:{''.join(lines)}" if lines else "nothing was enqueued"

    # Running, as a worker and its queue's actors do

    def _run(self, queue: str, payload: bytes, *, raises: bool) -> None:
        config, running_job = self._config, running_job_of(payload, queue, self.time)
        job = running_job.job
        if job is not None and running_job.outcome is None and is_unique_until_start(job):
            self._memory.release(released(job, Keys(config.namespace)))
        if job is not None and running_job.outcome is None:
            running_job.started_at = self.time()
            running_job.previous = [self._document(jid) for jid in jids_before(job)]
            current = CurrentJob(job, run=running_job, max_result_bytes=config.max_result_bytes)
            outcome = perform(current, self._registry.find, config.backtrace_frames, self.time)
            running_job.end(outcome, self.time())
        settlement = settlement_of(running_job, queue, config, self._registry)
        self._memory.settle(queue, settlement, self.time())
        error = _error_of(running_job.outcome)
        if job is not None:
            self.runs.append(Run(job, settlement.kind, error))
        if raises and error is not None:
            raise error


def _error_of(outcome: Outcome | None) -> BaseException | None:
    return outcome.exception if isinstance(outcome, Failed) else None


def _shown(of: Any) -> str:
    return f"{of.class_}{tuple(of.args)}" if isinstance(of, Job) else name_of(of)


@contextmanager
def fake(
    config: Config | None = None, registry: Registry = default_registry, *, everywhere: bool = False
) -> Iterator[FakeJobs]:
    """Keep the jobs that this block enqueues, with whatever client, instead of sending them to Redis.

    Args:
        config: how often jobs are retried, and the like; the defaults if not given.
        registry: the job classes; those under `@worker` unless given.
        everywhere: whether jobs of other threads are kept too; two such blocks must not run at the same time.
    """
    jobs = FakeJobs(config or Config(), registry)
    with diverted(jobs, everywhere=everywhere):
        yield jobs


@contextmanager
def inline(
    config: Config | None = None, registry: Registry = default_registry, *, everywhere: bool = False
) -> Iterator[FakeJobs]:
    """Run each job that this block enqueues within the call that does, whenever it is due; what it raises comes out.

    The arguments are as for `fake`.
    """
    jobs = FakeJobs(config or Config(), registry, runs_inline=True)
    with diverted(jobs, everywhere=everywhere):
        yield jobs
