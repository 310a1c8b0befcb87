"""What bytes that were taken from a queue are: a job to run, one that comes too late, or none; pure."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from verk_actors.errors import MalformedJob
from verk_actors.running_job import EXPIRED, RunningJob, Undecodable
from verk_actors.wire.codec import decode
from verk_actors.wire.jid import new_jid


def running_job_of(payload: bytes, queue: str, now: Callable[[], float]) -> RunningJob:
    """Return the row of the running table for a payload; one that is not to be run has ended already.

    Args:
        now: returns unix seconds.
    """
    try:
        job = decode(payload, queue)
    except MalformedJob as error:
        at = now()
        return RunningJob(payload, None, None, at, at, Undecodable(error.reason, new_jid()))
    if job.expires_at is not None and job.expires_at < (at := now()):
        return RunningJob(payload, job, ended_at=at, outcome=EXPIRED)
    # Resque's jobs have no id; given here, events and the retry set show the same.
    return RunningJob(payload, job if job.jid else attrs.evolve(job, jid=new_jid()))


def is_unique_until_start(running_job: RunningJob) -> bool:
    """Whether the next job of its token may be enqueued from now on."""
    job = running_job.job
    return job is not None and job.unique_until == "start" and job.attempt == 1 and running_job.outcome is None
