"""What becomes of a job that has ended here."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping

import attrs

from verk_actors.jobs.endings import DeathReason
from verk_actors.jobs.registry import Registry
from verk_actors.jobs.run import CancelRequest
from verk_actors.settings.config import Config
from verk_actors.store.admission import slot_given_back
from verk_actors.store.effects import Effect, kept, of_end, of_success
from verk_actors.store.exchange import Kind, Settlement
from verk_actors.tree.running_job import (
    Cancelled,
    Discarded,
    Expired,
    Failed,
    Outcome,
    RunningJob,
    Snoozed,
    Succeeded,
    Undecodable,
)
from verk_actors.wire import backoff, bookkeeping, cron_runs
from verk_actors.wire.cron_runs import CronOutcome, CronResult
from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys
from verk_actors.wire.results import KEPT_SECONDS

_FURTHEST_SECONDS = 10 * 365 * 86_400.0  # a job that asks for a later run gets this


def settlement_of(
    running_job: RunningJob, queue: str, config: Config, registry: Registry, rng: Callable[[], float] = random.random
) -> Settlement:
    """Decide how a job has ended, and return how it is settled in Redis, and what else is done then.

    What is counted and told of it afterwards is what was decided here, whatever is asked of it meanwhile.
    """
    if running_job.cancel is not None:
        running_job.outcome = _end_of(running_job, running_job.cancel)
    settlement, job = _settlement_of(running_job, queue, config, registry, rng), running_job.job
    if running_job.slots and job is not None:
        slots = tuple(slot_given_back(slot.key, job.jid or "") for slot in running_job.slots)
        settlement = attrs.evolve(settlement, effects=slots)
    outcome = running_job.outcome
    result = outcome.result if isinstance(outcome, Succeeded) else None
    if job is None or (job.unique_for, job.batch, job.cron, result) == _NOTHING_ELSE:
        return settlement
    keys, effects = Keys(config.namespace), settlement.effects
    if settlement.kind not in _LIVES_ON:
        effects += of_success(job, keys) if settlement.kind == "ack" else of_end(job, keys)
    if result is not None and isinstance(outcome, Succeeded):
        effects += (kept(keys.result(job.jid or ""), result, job.result_for or KEPT_SECONDS),)
    if job.cron is not None and outcome is not None and settlement.kind in _CRON_OUTCOMES:
        effects += (Effect("HSET", keys.cron_results, (job.cron, _cron_result(running_job, job, outcome, settlement))),)
    return attrs.evolve(settlement, effects=effects)


_LIVES_ON = frozenset({"retry", "snooze", "requeue"})
_NOTHING_ELSE = (None, None, None, None)
_CRON_OUTCOMES: Mapping[Kind, CronOutcome] = {
    "ack": "succeeded",
    "retry": "failed",
    "dead": "dead",
    "discard": "dead",
    "expire": "expired",
}


def _cron_result(running_job: RunningJob, job: Job, outcome: Outcome, settlement: Settlement) -> bytes:
    """Return what is kept of a periodic job's run."""
    result = CronResult(
        jid=job.jid or "",
        outcome="discarded" if isinstance(outcome, Discarded) else _CRON_OUTCOMES[settlement.kind],
        ended_at=running_job.ended_at,
        error=outcome.failure.class_name if isinstance(outcome, Failed) else None,
    )
    return cron_runs.write(result)


def _settlement_of(
    running_job: RunningJob, queue: str, config: Config, registry: Registry, rng: Callable[[], float]
) -> Settlement:
    """Return how a job that has ended is settled.

    A failed job is retried until its retries are used up, then buried, or discarded where it asks for that.

    Source: Verk lib/verk/queue_manager.ex, retry.
    """
    outcome, payload, now = running_job.outcome, running_job.payload, running_job.ended_at
    if isinstance(outcome, (Succeeded, Discarded)):
        return Settlement("ack", payload)
    if isinstance(outcome, Expired):
        return Settlement("expire", payload)
    if isinstance(outcome, Undecodable):
        new = bookkeeping.undecodable(payload, queue=queue, reason=outcome.reason, jid=outcome.jid, now=now)
        return Settlement("bury", payload, new, now)
    job = running_job.job
    if job is not None and isinstance(outcome, Snoozed):
        due_at = now + min(outcome.seconds, _FURTHEST_SECONDS)
        return Settlement("snooze", payload, bookkeeping.snoozed(job), _score(job, due_at))
    if job is not None and isinstance(outcome, Failed):
        return _settlement_of_failure(running_job, job, outcome, config, registry, rng=rng)
    return Settlement("requeue", payload)


def _end_of(running_job: RunningJob, request: CancelRequest) -> Outcome | None:
    """Return how a job that was asked to end has ended.

    It has been cancelled, whatever it came to; but not if it succeeded before it noticed, nor if it chose to be done
    with.
    """
    outcome = running_job.outcome
    if isinstance(outcome, Discarded | Expired | Undecodable):
        return outcome
    if isinstance(outcome, Succeeded) and not request.heeded:
        return outcome
    stack = outcome.stack if isinstance(outcome, Cancelled) else ()
    exception = outcome.exception if isinstance(outcome, Failed) else None
    backtrace = outcome.failure.backtrace if isinstance(outcome, Failed) else stack
    return Failed(failure=bookkeeping.canceled(backtrace), exception=exception, dead_because="cancelled")


def _settlement_of_failure(
    running_job: RunningJob, job: Job, outcome: Failed, config: Config, registry: Registry, *, rng: Callable[[], float]
) -> Settlement:
    payload, now = running_job.payload, running_job.ended_at
    new = bookkeeping.failed(job, error=outcome.failure, now=now, backtrace_frames=config.backtrace_frames)
    if death_reason(job, outcome, config, registry, now) is None:
        return Settlement("retry", payload, new, _score(job, retry_time(job, outcome, now, rng)))
    if _is_buried(job, registry):
        return Settlement("dead", payload, new, _score(job, now))
    return Settlement("discard", payload)


def death_reason(job: Job, failed: Failed, config: Config, registry: Registry, now: float) -> DeathReason | None:
    """Return why this failure of the job's current run is its last; None where it is to be retried.

    Source: Sidekiq lib/sidekiq/job_retry.rb, process_retry.
    """
    if failed.dead_because is not None:
        return failed.dead_because
    if job.attempt > _limit(job, config, registry):
        return "retries used up"
    too_late = job.retry_for is not None and job.failed_at is not None and job.failed_at + job.retry_for < now
    return "retry time used up" if too_late else None


def _limit(job: Job, config: Config, registry: Registry) -> int:
    """Return how often a job may be retried: as it says itself, else its class, else the node."""
    if job.max_retry_count is not None:
        return job.max_retry_count
    performer = registry.known(job.class_)
    if performer is None or performer.max_retry_count is None:
        return config.max_retry_count
    return performer.max_retry_count


def _is_buried(job: Job, registry: Registry) -> bool:
    """Return whether a job goes to the dead set at its end, which its class may not want where it leaves that open."""
    performer = registry.known(job.class_) if job.dead and job.max_retry_count is None else None
    return job.dead if performer is None else performer.dead


def retry_time(job: Job, failed: Failed, now: float, rng: Callable[[], float]) -> float:
    """Return when a failed job runs again: as its class asks, else by the curve."""
    asked = failed.retry_at
    if asked is None or not math.isfinite(asked):
        return now + backoff.retry_delay_seconds(job.attempt, rng())
    return min(max(asked, now), now + _FURTHEST_SECONDS)


def _score(job: Job, when: float) -> float:
    # Verk and its dashboard read whole numbers only; Sidekiq writes floats.
    return float(int(when)) if job.wire_format == "verk" else when
