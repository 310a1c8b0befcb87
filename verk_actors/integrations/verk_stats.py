"""Verk Stats: four metrics of jobs, to a sink of your choice.

    stats = VerkStats.start(StatsD("127.0.0.1", 8125))
    system.ask(RegisterListener(stats, selector=VerkStats.EVENTS))

It is a listener, so a sink that is slow, blocks or raises costs metrics and no jobs.

Source: verk_stats lib/verk_stats.ex, lib/verk_stats/collector.ex. Differs: docs/decisions/0038.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

from verk_actors.errors import loggable
from verk_actors.events import Event, JobEvent, JobFailed, JobFinished, JobStarted
from verk_actors.listener import EventListener
from verk_actors.otp import ExitReason

__all__ = ["BufferingSink", "LoggerSink", "Sink", "VerkStats"]

log = logging.getLogger(__name__)

Kind = Literal["counter", "timing"]


class Sink(Protocol):
    """Where metrics go."""

    def collect(self, kind: Kind, key: str, value: float, tags: Sequence[str]) -> None:
        """Take one metric.

        Args:
            kind: a counter adds its value, a timing is a length of time.
            key: its name, such as `jobs.start`.
            value: of a timing in milliseconds.
            tags: `worker:CLASS` and `queue:QUEUE`; the names may hold anything printable.
        """


@runtime_checkable
class BufferingSink(Sink, Protocol):
    """A sink that may hold metrics back."""

    def flush(self) -> None:
        """Hand on what is held back; called when no more has come for the moment."""


class LoggerSink:
    """Writes each metric as a line of the log.

    Args:
        level: of the lines, as `logging` numbers them.
    """

    def __init__(self, level: int = logging.INFO) -> None:
        self._level = level

    def collect(self, kind: Kind, key: str, value: float, tags: Sequence[str]) -> None:
        """Write a line."""
        unit = " ms" if kind == "timing" else ""
        log.log(self._level, "%s %s %.15g%s %s", kind, key, value, unit, loggable(",".join(tags)))


class VerkStats(EventListener):
    """Counts and times jobs: a listener to be started with a sink and registered.

    `jobs.start` counts runs; `jobs.success` and `jobs.failure` time them; `jobs.success.total_time` is the time from
    when a job was enqueued last to when it finished, where that is known.
    """

    EVENTS: ClassVar = (JobStarted, JobFinished, JobFailed)
    """What to register it for."""

    def __init__(self, sink: Sink) -> None:
        super().__init__()
        self._sink = sink
        self._flush = sink.flush if isinstance(sink, BufferingSink) else None

    def handle_event(self, event: Event) -> None:
        """Hand on the metrics of an event."""
        metrics_of = _METRICS.get(type(event))
        if metrics_of is not None and isinstance(event, JobEvent):
            tags = (_tag("worker", event.job.class_), _tag("queue", event.queue))
            for kind, key, value in metrics_of(event):
                self._sink.collect(kind, key, value, tags)

    def handle_idle(self) -> None:
        """Have the sink hand on what it held back."""
        if self._flush is not None:
            try:
                self._flush()
            except Exception as error:  # noqa: BLE001  of users' code, as in handle_event
                self.note(error, "a flush")

    def terminate(self, reason: ExitReason) -> None:
        """Do so for the last time."""
        self.handle_idle()


_Metrics = Sequence[tuple[Kind, str, float]]


def _tag(name: str, value: str) -> str:
    return f"{name}:{value}"


def _of_finished(event: JobFinished) -> _Metrics:
    metrics: list[tuple[Kind, str, float]] = [_timing("jobs.success", event.started_at, event.finished_at)]
    if event.job.enqueued_at is not None:
        metrics.append(_timing("jobs.success.total_time", event.job.enqueued_at, event.finished_at))
    return metrics


def _timing(key: str, start: float, end: float) -> tuple[Kind, str, float]:
    """Return a time in milliseconds, to the microsecond; clocks of two machines may differ, and none is negative."""
    return "timing", key, max(0.0, round((end - start) * 1000, 3))


_METRICS: Mapping[type[Event], Callable[[Any], _Metrics]] = {
    JobStarted: lambda _: [("counter", "jobs.start", 1)],
    JobFinished: _of_finished,
    JobFailed: lambda event: [_timing("jobs.failure", event.started_at, event.failed_at)],
}
