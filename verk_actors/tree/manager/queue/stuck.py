"""Which running jobs take so long that somebody should be told, and where they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from verk_actors.events import JobStuck
from verk_actors.tree.frames import stack_of
from verk_actors.tree.running_job import RunningJob

LOOKS_PER_LIMIT = 10  # at most; so a job is told of a tenth of the limit late, at worst


def newly_stuck(running: Iterable[RunningJob], queue: str, now: float, limit_seconds: float) -> Iterator[JobStuck]:
    """Yield an event for each job that has run for longer than the limit, and mark it: once for each run."""
    for running_job in running:
        job, worker, started_at = running_job.job, running_job.worker, running_job.started_at
        if job is None or worker is None or not started_at or running_job.stuck or now - started_at < limit_seconds:
            continue
        running_job.stuck = True
        event = JobStuck(queue=queue, job=job, started_at=started_at, stack=stack_of(running_job))
        if running_job.outcome is None:  # else its worker may have been seen in the next job
            yield event


def seconds_to_next_look(running: Iterable[RunningJob], now: float, limit_seconds: float) -> float:
    """Return when the first of the running jobs can be stuck; one that starts later can't be before the limit."""
    starts = [job.started_at for job in running if job.started_at and not job.stuck]
    soonest = min(starts, default=now) + limit_seconds - now
    return min(max(soonest, limit_seconds / LOOKS_PER_LIMIT), limit_seconds)
