"""The wording of every line about a job's life, from events.

One line per event, `<class> <jid> start|done|fail`, as Verk has them; queue and jid are fields of the record too.

Source: Verk lib/verk/log.ex.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from verk_actors.config import Config
from verk_actors.errors import loggable
from verk_actors.events import (
    Event,
    JobDead,
    JobEvent,
    JobFailed,
    JobFenced,
    JobFinished,
    JobMalformed,
    JobStarted,
)

log = logging.getLogger(__name__)
_LEVELS = {name.lower(): number for name, number in logging.getLevelNamesMapping().items()}


class JobLog:
    """Writes the lines of events, each class of event at its level."""

    def __init__(self, config: Config) -> None:
        self._levels: dict[type[Event], int] = {
            JobStarted: _LEVELS[config.start_job_log_level],
            JobFinished: _LEVELS[config.done_job_log_level],
            JobFailed: _LEVELS[config.fail_job_log_level],
            JobDead: logging.WARNING,
            JobFenced: logging.WARNING,
            JobMalformed: logging.ERROR,
        }

    def write(self, events: Sequence[Event]) -> None:
        """Write the lines that the logger's level allows."""
        for event in events:
            level = self._levels.get(type(event), logging.INFO)
            if log.isEnabledFor(level):
                job = event.job if isinstance(event, JobEvent) else None
                fields = {"queue": event.queue, "jid": job and job.jid, "job_class": job and job.class_}
                log.log(level, "%s", _text(event), extra=fields)


def not_settled(queue: str, count: int, error: Exception) -> None:
    """Write that a stop could not bring the fate of jobs to Redis; they run again."""
    log.error("%s: %s jobs could not be settled before the stop and will run again: %s", queue, count, error)


def _text(event: Event) -> str:
    if isinstance(event, JobMalformed):
        return f"{event.queue}: buried bytes that are no job: {event.reason}"
    if not isinstance(event, JobEvent):
        return f"{event.queue}: {_QUEUE_TEXTS.get(type(event).__name__, type(event).__name__)}"
    job = f"{loggable(event.job.class_)} {loggable(event.job.jid or '-')}"
    if isinstance(event, JobStarted):
        return f"{job} start"
    if isinstance(event, JobFinished):
        return f"{job} done: {_duration(event.finished_at - event.started_at)}"
    if isinstance(event, JobFailed):
        error = f"{event.error_class}: {loggable(event.error_message)}"
        return f"{job} fail: {_duration(event.failed_at - event.started_at)}, attempt {event.job.attempt}, {error}"
    if isinstance(event, JobDead):
        return f"{job} dead: {event.error_class} after {event.job.attempt} runs, queue {event.queue}"
    return f"{job} fenced: it ended here, but this node had been taken for dead; it runs elsewhere too"


_QUEUE_TEXTS = {"QueueRunning": "running", "QueuePausing": "pausing", "QueuePaused": "paused"}


def _duration(seconds: float) -> str:
    """Return whole milliseconds below a second, seconds from there, as Verk."""
    return f"{round(seconds * 1000)} ms" if seconds < 1 else f"{round(seconds)} s"
