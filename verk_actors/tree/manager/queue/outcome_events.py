"""What listeners are told of jobs that have begun or ended; pure."""

from __future__ import annotations

from collections.abc import Sequence

from verk_actors.events import (
    Event,
    JobDead,
    JobDiscarded,
    JobExpired,
    JobFailed,
    JobFenced,
    JobFinished,
    JobMalformed,
    JobSnoozed,
    JobStarted,
)
from verk_actors.jobs.endings import DeathReason
from verk_actors.jobs.registry import Registry
from verk_actors.settings.config import Config
from verk_actors.tree.manager.queue.fate import death_reason
from verk_actors.tree.running_job import Discarded, Expired, Failed, RunningJob, Snoozed, Succeeded, Undecodable
from verk_actors.wire.job import Job


def events_of_all(
    started: Sequence[RunningJob], settled: Sequence[RunningJob], queue: str, config: Config, registry: Registry
) -> list[Event]:
    """Return the events of jobs that have begun and of others that are settled; of one that is both, its start first.

    Other starts come last: in the place of those that have ended.
    """
    ends = [event for job in settled for event in events_of(job, queue, config, registry)]
    if not started:
        return ends
    both = set(settled).intersection(started)
    first, last = [job for job in started if job in both], [job for job in started if job not in both]
    return _starts(first, queue) + ends + _starts(last, queue)


def _starts(jobs: Sequence[RunningJob], queue: str) -> list[Event]:
    return [JobStarted(queue=queue, job=row.job, started_at=row.started_at) for row in jobs if row.job is not None]


def events_of(running_job: RunningJob, queue: str, config: Config, registry: Registry) -> list[Event]:
    """Return the events of a job that is settled; none for one that was given back."""
    outcome, job = running_job.outcome, running_job.job
    if isinstance(outcome, Undecodable):
        return [JobMalformed(queue=queue, payload=running_job.payload, jid=outcome.jid, reason=outcome.reason)]
    if job is None:
        return []
    started_at, ended_at = running_job.started_at, running_job.ended_at
    if running_job.settled is False:
        return [JobFenced(queue=queue, job=job, started_at=started_at)] if started_at else []
    if isinstance(outcome, Succeeded):
        return [JobFinished(queue=queue, job=job, started_at=started_at, finished_at=ended_at)]
    if isinstance(outcome, Failed):
        dead_because = death_reason(job, outcome, config, registry, ended_at)
        return _failure_events(running_job, job, outcome, queue, dead_because)
    return _chosen_events(running_job, job, queue)


def _chosen_events(running_job: RunningJob, job: Job, queue: str) -> list[Event]:
    """Return the event of a job that chose its end, or came too late; none for one that was given back."""
    outcome, started_at, ended_at = running_job.outcome, running_job.started_at, running_job.ended_at
    if isinstance(outcome, Expired):
        return [JobExpired(queue=queue, job=job, expired_at=ended_at)]
    if isinstance(outcome, Snoozed):
        due_at = ended_at + outcome.seconds
        return [JobSnoozed(queue=queue, job=job, started_at=started_at, snoozed_at=ended_at, due_at=due_at)]
    if isinstance(outcome, Discarded):
        reason = outcome.reason
        return [JobDiscarded(queue=queue, job=job, started_at=started_at, discarded_at=ended_at, reason=reason)]
    return []


def _failure_events(
    running_job: RunningJob, job: Job, outcome: Failed, queue: str, dead_because: DeathReason | None
) -> list[Event]:
    failure, failed_at = outcome.failure, running_job.ended_at
    events: list[Event] = [
        JobFailed(
            queue=queue,
            job=job,
            started_at=running_job.started_at or failed_at,  # one that was cancelled before it began
            failed_at=failed_at,
            error_class=failure.class_name,
            error_message=failure.message,
            backtrace=failure.backtrace,
            exception=outcome.exception,
            final=dead_because is not None,
        )
    ]
    if dead_because is not None:
        events.append(
            JobDead(
                queue=queue,
                job=job,
                died_at=failed_at,
                reason=dead_because,
                error_class=failure.class_name,
                error_message=failure.message,
            )
        )
    return events
