"""The jobs of the chaos: a class for each fate. The nodes run them, and each run is written to the ledger."""

from __future__ import annotations

import random
import select
from collections.abc import Iterator, Mapping

import attrs

from verk_actors.cli.chaos import ledger
from verk_actors.jobs.context import current_job
from verk_actors.jobs.job_class import JobClass, worker
from verk_actors.wire.job import Job

QUEUE = "chaos"
_RETRY_SECONDS = 0.3  # the usual curve starts at 15 seconds and more
_LATER_SECONDS = 2.0
_QUICK_SECONDS, _SLOW_SECONDS, _LONG_SECONDS = 0.02, 0.2, 1.0  # at most; a fault finds the slower ones running


class _Job(JobClass):
    """Fails as often as its class says, and then succeeds."""

    failures = 0

    def perform(self, seconds: float) -> None:
        """Take so long, and note the start and the end."""
        run = current_job()
        assert run is not None
        jid = str(run.job.jid)
        ledger.note("start", jid)
        select.select([], [], [], seconds)  # as a job that waits for somebody's answer
        if run.attempt <= self.failures:
            raise ConnectionError(f"run {run.attempt} was to fail")
        ledger.note("end", jid)

    def retry_at(self, failed_at: float, attempt: int) -> float:
        """Be retried soon."""
        return failed_at + _RETRY_SECONDS


@worker(queue=QUEUE)
class Succeeds(_Job):
    """Succeeds."""


@worker(queue=QUEUE)
class FailsAtFirst(_Job):
    """Fails once, then succeeds."""

    failures = 1


@worker(queue=QUEUE, max_retry_count=2)
class Dies(_Job):
    """Fails, fails twice more, and is dead."""

    failures = 3


@worker(queue=QUEUE)
class ComesLater(_Job):
    """Is scheduled, and succeeds."""


@worker(queue=QUEUE)
class TakesLong(_Job):
    """Succeeds after a while, in which much can happen."""


@attrs.frozen(kw_only=True)
class Fate:
    """What is to become of the jobs of one class.

    Attributes:
        weight: how many of 100 jobs have it.
        runs: how often one runs if nothing happens.
        dies: it ends in the dead set.
        seconds: how long a run takes at most.
        later: seconds until it is due, at most.
    """

    job_class: type[_Job]
    weight: int
    runs: int = 1
    dies: bool = False
    seconds: float = _QUICK_SECONDS
    later: float = 0.0


FATES: Mapping[str, Fate] = {
    "succeed": Fate(job_class=Succeeds, weight=70),
    "fail, then succeed": Fate(job_class=FailsAtFirst, weight=12, runs=2, seconds=_SLOW_SECONDS),
    "fail for ever": Fate(job_class=Dies, weight=5, runs=3, dies=True, seconds=_SLOW_SECONDS),
    "scheduled": Fate(job_class=ComesLater, weight=8, later=_LATER_SECONDS),
    "take long": Fate(job_class=TakesLong, weight=5, seconds=_LONG_SECONDS),
}


def draw(count: int, chance: random.Random) -> Iterator[tuple[str, Job, float]]:
    """Yield so many fates with a job of each, and the seconds until it is due."""
    names = chance.choices(list(FATES), [fate.weight for fate in FATES.values()], k=count)
    for name in names:
        fate = FATES[name]
        job = fate.job_class.job(round(chance.uniform(0, fate.seconds), 4))
        yield name, job, chance.uniform(fate.later / 2, fate.later)
