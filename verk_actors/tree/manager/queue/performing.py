"""One run of a job: whatever it raises is the job's failure and never its worker's."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from verk_actors.endings import Discard, Kill, Snooze
from verk_actors.errors import JobTimeout, loggable, shown
from verk_actors.job_context import CurrentJob, running
from verk_actors.otp.event_loop import run_alone, time_limit
from verk_actors.otp.fork import is_left_in_parent
from verk_actors.registry import Performer
from verk_actors.running_job import SUCCEEDED, Discarded, Failed, Outcome, Snoozed
from verk_actors.tree.manager.queue.failure import failure_of
from verk_actors.tree.node_log import NodeLog
from verk_actors.wire.job import Job

log = NodeLog(__name__)


def perform(job: Job, find: Callable[[str], Performer], frames: int, now: Callable[[], float]) -> Outcome:
    """Run a job here and now, and return how it ended; one that is `async` on an event loop of its own.

    Args:
        job: what to run.
        find: returns the performer of a name, or raises `JobClassNotFound`, a failure as any other.
        frames: how many of a failure's backtrace are kept.
        now: returns unix seconds.
    """
    performer: Performer | None = None
    try:
        performer = find(job.class_)
        if performer.is_async:
            return running(CurrentJob(job), run_alone, perform_as_task(job, find, frames, now))
        running(CurrentJob(job), performer.perform, job.args)
    except BaseException as error:
        if is_left_in_parent():
            raise  # in a process that the job forked: it ends, and the job goes on in the parent
        return outcome_of(job, performer, error, frames, now)
    return SUCCEEDED


async def perform_as_task(
    job: Job, find: Callable[[str], Performer], frames: int, now: Callable[[], float], limit_seconds: float = 0.0
) -> Outcome:
    """Run a job on the event loop and in the context that this runs in, and return how it ended.

    Args:
        limit_seconds: how long it may take before it is cancelled. It has failed then, also where it does not heed
            that and returns; 0 is any time.
    """
    performer: Performer | None = None
    try:
        performer = find(job.class_)
        if not performer.is_async:
            raise TypeError(_WOULD_BLOCK.format(performer))
        run = performer.perform(job.args)
        await (_within(limit_seconds, run) if limit_seconds else run)
    except BaseException as error:
        if is_left_in_parent():
            raise
        return outcome_of(job, performer, error, frames, now)
    return SUCCEEDED


_WOULD_BLOCK = (
    "{} is a plain def, which would hold up all jobs of its queue while it runs: make it an async def, or run it in a "
    "queue whose executor is thread or process"
)


async def _within(seconds: float, run: Coroutine[Any, Any, object]) -> None:
    """Let a job run for so long and no longer, then raise `JobTimeout` with the traceback of where it was."""
    limit = time_limit(seconds)
    try:
        async with limit:
            await run
    except BaseException as error:
        if not limit.expired():
            raise
        raise JobTimeout(seconds).with_traceback((error.__cause__ or error).__traceback__) from error
    if limit.expired():  # it did not heed that it was cancelled
        raise JobTimeout(seconds)


def outcome_of(
    job: Job, performer: Performer | None, error: BaseException, frames: int, now: Callable[[], float]
) -> Outcome:
    """Return what becomes of a run that raised: the end that the job chose, else its failure."""
    if isinstance(error, Snooze):
        return Snoozed(error.seconds)
    if isinstance(error, Discard):
        return Discarded(error.reason)
    if isinstance(error, Kill):
        return Failed(failure=failure_of(error, frames), exception=error, dead_because="killed")
    return failed(job, performer, error, frames, now)


def failed(
    job: Job, performer: Performer | None, error: BaseException, frames: int, now: Callable[[], float]
) -> Failed:
    """Return what is kept of a run that raised, with when its class wants the next one."""
    failure = failure_of(error, frames)
    if performer is None or performer.retry_at is None:
        return Failed(failure=failure, exception=error)
    try:
        retry_at = float(performer.retry_at(now(), job.attempt))
    except BaseException as bad:  # noqa: BLE001  the curve serves where the class can't say
        where = f"{loggable(job.class_)} {loggable(job.jid or '-')}"
        log.warning("%s: retry_at raised %s; the usual curve is used", where, shown(bad))
        return Failed(failure=failure, exception=error)
    return Failed(failure=failure, exception=error, retry_at=retry_at)
