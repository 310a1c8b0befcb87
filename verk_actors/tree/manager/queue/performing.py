"""One run of a job: whatever it raises is the job's failure and never its worker's."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, TypeVarTuple

import attrs

from verk_actors.errors import JobTimeout, loggable, shown
from verk_actors.jobs.context import CurrentJob, running
from verk_actors.jobs.endings import Discard, JobCancelled, Kill, Snooze
from verk_actors.jobs.registry import Performer
from verk_actors.otp.event_loop import run_alone, time_limit
from verk_actors.otp.fork import is_left_in_parent
from verk_actors.tree.manager.queue.failure import failure_of
from verk_actors.tree.node_log import NodeLog
from verk_actors.tree.running_job import SUCCEEDED, Discarded, Failed, Outcome, Snoozed, Succeeded
from verk_actors.wire.job import Job
from verk_actors.wire.results import document_of

log = NodeLog(__name__)

_O = TypeVar("_O", bound=Outcome)
_Ts = TypeVarTuple("_Ts")


def perform(current: CurrentJob, find: Callable[[str], Performer], frames: int, now: Callable[[], float]) -> Outcome:
    """Run a job here and now, and return how it ended; one that is `async` on an event loop of its own.

    Args:
        current: what to run, as it sees itself.
        find: returns the performer of a name, or raises `JobClassNotFound`, a failure as any other.
        frames: how many of a failure's backtrace are kept.
        now: returns unix seconds.
    """
    job = current.job
    performer: Performer | None = None
    try:
        performer = find(job.class_)
        if performer.is_async:
            return running(current, run_alone, perform_as_task(current, find, frames, now))
        if performer.chain is None:
            value = running(current, performer.perform, job.args)
        else:
            value = running(current, performer.chain, job)
    except BaseException as error:
        if is_left_in_parent():
            raise  # in a process that the job forked: it ends, and the job goes on in the parent
        return outcome_of(job, performer, error, frames, now)
    return SUCCEEDED if current.result is None and job.result_for is None else _with_result(current, value)


async def perform_as_task(
    current: CurrentJob,
    find: Callable[[str], Performer],
    frames: int,
    now: Callable[[], float],
    limit_seconds: float = 0.0,
) -> Outcome:
    """Run a job on the event loop that this runs on, and in a context of its own, and return how it ended.

    Args:
        current, find, frames, now: as for `perform`.
        limit_seconds: how long it may take before it is cancelled. It has failed then, also where it does not heed
            that and returns; 0 is any time.
    """
    job = current.job
    performer: Performer | None = None
    try:
        performer = find(job.class_)
        if not performer.is_async:
            raise TypeError(_WOULD_BLOCK.format(performer))
        run = performer.perform(job.args) if performer.chain is None else performer.chain(job)
        value = await (_within(limit_seconds, run) if limit_seconds else run)
    except BaseException as error:
        if is_left_in_parent():
            raise
        return outcome_of(job, performer, error, frames, now)
    return SUCCEEDED if current.result is None and job.result_for is None else _with_result(current, value)


def _with_result(current: CurrentJob, value: object) -> Succeeded:
    """Return a success with what is kept of it: what the run has set, else what it returned."""
    if current.result is not None:
        return Succeeded(current.result)
    job = current.job
    document, problem = document_of(value, current.max_result_bytes)
    if problem is not None:
        log.warning("%s %s: succeeded, but %s", loggable(job.class_), loggable(job.jid or "-"), problem)
    return Succeeded(document)


_WOULD_BLOCK = (
    "{} is a plain def, which would hold up all jobs of its queue while it runs: make it an async def, or run it in a "
    "queue whose executor is thread or process"
)


async def _within(seconds: float, run: Coroutine[Any, Any, object]) -> object:
    """Let a job run for so long and no longer, then raise `JobTimeout` with the traceback of where it was."""
    limit = time_limit(seconds)
    value: object = None
    try:
        async with limit:
            value = await run
    except BaseException as error:
        if not limit.expired():
            raise
        raise JobTimeout(seconds).with_traceback((error.__cause__ or error).__traceback__) from error
    if limit.expired():  # it did not heed that it was cancelled
        raise JobTimeout(seconds)
    return value


def outcome_of(
    job: Job, performer: Performer | None, error: BaseException, frames: int, now: Callable[[], float]
) -> Outcome:
    """Return what becomes of a run that raised: the end that the job chose, else its failure."""
    chosen = error
    while isinstance(chosen, BaseExceptionGroup) and len(chosen.exceptions) == 1:
        [chosen] = chosen.exceptions  # as of a task in a TaskGroup
    if isinstance(chosen, Snooze):
        return Snoozed(chosen.seconds)
    if isinstance(chosen, Discard):
        return Discarded(chosen.reason)
    if isinstance(chosen, Kill):
        return Failed(failure=failure_of(chosen, frames), exception=chosen, dead_because="killed")
    if isinstance(chosen, JobCancelled):
        return Failed(failure=failure_of(chosen, frames), exception=chosen, dead_because="cancelled")
    return failed(job, performer, error, frames, now)


def failed(
    job: Job, performer: Performer | None, error: BaseException, frames: int, now: Callable[[], float]
) -> Failed:
    """Return what is kept of a run that raised, with when its class or its node wants the next one."""
    outcome = Failed(failure=failure_of(error, frames), exception=error)
    if performer is None:
        return outcome
    if performer.retry_at is None:
        return backed_off(outcome, job, performer, now)
    return attrs.evolve(outcome, retry_at=_answer(job, "retry_at", performer.retry_at, now(), job.attempt))


def backed_off(outcome: _O, job: Job, performer: Performer, now: Callable[[], float]) -> _O:
    """Return how a run ended, with when the next is wanted where a backoff says that."""
    if not isinstance(outcome, Failed) or outcome.dead_because or performer.retry_at or performer.backoff is None:
        return outcome
    seconds = _answer(job, "backoff", performer.backoff, job.attempt, outcome.failure)
    return outcome if seconds is None else attrs.evolve(outcome, retry_at=now() + seconds)


def _answer(job: Job, name: str, function: Callable[[*_Ts], float], *args: *_Ts) -> float | None:
    """Return what users' code says to a failure; None where it raises: the curve serves where it can't say."""
    try:
        return float(function(*args))
    except BaseException as bad:  # noqa: BLE001  else the job would be lost
        where = f"{loggable(job.class_)} {loggable(job.jid or '-')}"
        log.warning("%s: %s raised %s; the usual curve is used", where, name, shown(bad))
        return None
