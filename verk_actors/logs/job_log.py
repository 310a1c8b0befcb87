"""The wording of every line about a job's life, from events.

One line per event, `<class> <jid> start|done|fail`, as Verk has them. Node, queue, class, jid and attempt are fields of
the log record too. `JobDead` has no line of its own: the line of the last failure says so.

Source: Verk lib/verk/log.ex.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, get_args

from verk_actors.errors import loggable
from verk_actors.events import (
    DeadJobsTrimmed,
    Event,
    JobDiscarded,
    JobEvent,
    JobExpired,
    JobFailed,
    JobFenced,
    JobFinished,
    JobMalformed,
    JobSnoozed,
    JobStarted,
    JobStuck,
    QueueEvent,
    QueuePaused,
    QueuePausing,
    QueueRunning,
)
from verk_actors.logs.handler import line_handler_of
from verk_actors.settings.config import Config, LogLevel
from verk_actors.wire.bookkeeping import UNDECODABLE
from verk_actors.wire.job import Job

log = logging.getLogger("verk_actors.job_log")
_LEVELS = {name.lower(): number for name, number in logging.getLevelNamesMapping().items()}
_NAMES = {number: name.upper() for name, number in _LEVELS.items() if name in get_args(LogLevel)}


class JobLog:
    """Writes the lines of events, each class of event at its level."""

    def __init__(self, config: Config) -> None:
        self._node_id = config.node_id
        self._levels: dict[type[Event], int] = dict.fromkeys(_LINES, logging.INFO) | {
            JobStarted: _LEVELS[config.start_job_log_level],
            JobFinished: _LEVELS[config.done_job_log_level],
            JobSnoozed: _LEVELS[config.done_job_log_level],
            JobDiscarded: _LEVELS[config.done_job_log_level],
            JobFailed: _LEVELS[config.fail_job_log_level],
            JobExpired: logging.WARNING,
            JobFenced: logging.WARNING,
            JobStuck: logging.WARNING,
            JobMalformed: logging.ERROR,
        }

    def wants(self, kind: type[Event]) -> bool:
        """Whether events of this class have a line, and the logger's level allows it now."""
        level = self._levels.get(kind)
        return level is not None and log.isEnabledFor(level)

    def write(self, event: Event) -> bool:
        """Write the line of an event that is wanted; False where the user's handlers raise."""
        return _written(self._levels[type(event)], _LINES[type(event)](event), self._fields(event))

    def write_together(self, events: Sequence[Event], now: float) -> int | None:
        """Write the lines of events that are wanted by one write; returns how many were not written.

        None, and nothing is written, where they don't go to a LineHandler alone. No records are made: that costs
        several times as much as the lines.
        """
        handler = line_handler_of(log)
        if handler is None:
            return None
        line, levels = handler.lines.line, self._levels
        try:
            handler.write(
                [
                    line(now, _NAMES[levels[type(event)]], log.name, _LINES[type(event)](event), self._fields(event))
                    for event in events
                ]
            )
        except Exception:  # noqa: BLE001  the disk is full, or nobody reads any more: as in `_written`
            return len(events)
        return 0

    def write_missing(self, count: int) -> bool:
        """Write that lines are missing; False where the user's handlers raise."""
        line = f"{count} lines are missing here: they could not be written in time"
        return log.isEnabledFor(logging.WARNING) and _written(logging.WARNING, line, {})

    def _fields(self, event: Event) -> dict[str, str | int | None]:
        jid = class_ = attempt = None
        if isinstance(event, JobEvent):
            jid, class_, attempt = event.job.jid, event.job.class_, event.job.attempt
        elif isinstance(event, JobMalformed):
            jid, class_ = event.jid, UNDECODABLE
        queue = event.queue if isinstance(event, QueueEvent) else None
        return {"node": self._node_id, "queue": queue, "job_class": class_, "jid": jid, "attempt": attempt}


def _written(level: int, line: str, fields: Mapping[str, str | int | None]) -> bool:
    try:
        # As Logger.log does, but for its search for the caller, which is always this
        record = log.makeRecord(log.name, level, __file__, _LINE_NUMBER, "%s", (line,), None, _written.__name__)
        record.__dict__.update(fields)
        log.handle(record)
    except Exception:  # noqa: BLE001  a handler of the user's; it can't be said there, and jobs go on without
        return False
    return True


_LINE_NUMBER = _written.__code__.co_firstlineno


def _failed(event: JobFailed) -> str:
    error = f"{loggable(event.error_class)}: {loggable(event.error_message)}"
    dead = ", dead" if event.final else ""
    run = f"attempt {event.job.attempt} in queue {event.queue}{dead}"
    return f"{_name(event.job)} fail: {_duration(event.failed_at - event.started_at)}, {run}, {error}"


def _snoozed(event: JobSnoozed) -> str:
    ran, waits = event.snoozed_at - event.started_at, event.due_at - event.snoozed_at
    return f"{_name(event.job)} snoozed: {_duration(ran)}, runs again in {_duration(waits)}"


def _discarded(event: JobDiscarded) -> str:
    return f"{_name(event.job)} discarded: {_duration(event.discarded_at - event.started_at)}, {loggable(event.reason)}"


def _fenced(event: JobFenced) -> str:
    return f"{_name(event.job)} fenced: it ended in queue {event.queue} of a node that had been taken for dead"


def _stuck(event: JobStuck) -> str:
    where = loggable(event.stack[0]) if event.stack else "an unknown place"
    return f"{_name(event.job)} stuck: it runs in queue {event.queue} since {_since(event.started_at)}, now at {where}"


def _since(started_at: float) -> str:
    return datetime.fromtimestamp(started_at, UTC).isoformat(timespec="seconds")


def _malformed(event: JobMalformed) -> str:
    return f"{UNDECODABLE} {event.jid}: buried bytes of queue {event.queue} that are no job: {event.reason}"


def _name(job: Job) -> str:
    return f"{loggable(job.class_)} {loggable(job.jid or '-')}"


def _duration(seconds: float) -> str:
    """Return whole milliseconds below a second, seconds from there, as Verk."""
    return f"{min(round(seconds * 1000), 999)} ms" if seconds < 1 else f"{round(seconds)} s"


_LINES: dict[type[Event], Callable[[Any], str]] = {
    JobStarted: lambda event: f"{_name(event.job)} start",
    JobFinished: lambda event: f"{_name(event.job)} done: {_duration(event.finished_at - event.started_at)}",
    JobSnoozed: _snoozed,
    JobDiscarded: _discarded,
    JobFailed: _failed,
    JobExpired: lambda event: f"{_name(event.job)} expired: it did not begin in time in queue {event.queue}",
    JobFenced: _fenced,
    JobMalformed: _malformed,
    JobStuck: _stuck,
    DeadJobsTrimmed: lambda event: f"queue {event.queue}: {event.count} jobs left the dead set, too old or too many",
    QueueRunning: lambda event: f"queue {event.queue} running",
    QueuePausing: lambda event: f"queue {event.queue} pausing",
    QueuePaused: lambda event: f"queue {event.queue} paused",
}
