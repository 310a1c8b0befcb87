"""What bytes that were taken from a queue are: a job to run, one that comes too late, or none; pure."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from verk_actors.errors import MalformedJob
from verk_actors.tree.running_job import EXPIRED, RunningJob, Undecodable
from verk_actors.wire import bookkeeping
from verk_actors.wire.codec import decode
from verk_actors.wire.jid import new_jid
from verk_actors.wire.job import Job


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


def is_unique_until_start(job: Job) -> bool:
    """Whether the next job of its token may be enqueued when it starts."""
    return job.unique_until == "start" and job.attempt == 1


def waits_as(job: Job, queue: str) -> bytes | None:
    """Return what waits in place of a job that tells no id, or not its queue; None where it waits as it is."""
    payload = job.payload or b""
    if b'"jid":' in payload and f'"queue":"{queue}"'.encode() in payload:
        return None
    return bookkeeping.snoozed(job)
