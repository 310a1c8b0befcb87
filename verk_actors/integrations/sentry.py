"""Tells Sentry of jobs that fail. Needs `pip install 'verk-actors[sentry]'`, and `sentry_sdk.init` by the program.

    errors = SentryListener.start()
    system.ask(RegisterListener(errors, selector=SentryListener.EVENTS))

It is a listener, so a Sentry that is slow or away costs no job.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, ClassVar

import sentry_sdk
from sentry_sdk.types import Event as SentryEvent
from sentry_sdk.utils import event_from_exception

from verk_actors.events import Event, JobDead, JobFailed
from verk_actors.listener import EventListener

__all__ = ["SentryListener"]

_LINE = re.compile(r"(.+):(\d+):in (.*)")
_MECHANISM = {"type": "verk_actors", "handled": False}


class SentryListener(EventListener):
    """Captures failed runs as errors, with the job as their context: a listener to be started and registered.

    Args:
        only_dead: whether only the last run of a job that dies is captured; else each failed run is.
        with_args: whether the arguments of the job, and the local variables of the frames, are sent. They may be
            secrets.
    """

    EVENTS: ClassVar = (JobFailed, JobDead)
    """What to register it for."""

    def __init__(self, *, only_dead: bool = False, with_args: bool = False) -> None:
        super().__init__()
        self._only_dead = only_dead
        self._with_args = with_args

    def handle_event(self, event: Event) -> None:
        """Capture what is to be captured, once."""
        if isinstance(event, JobFailed) and (event.final or not self._only_dead):
            self._capture(event, _from_exception(event, self._with_args) or _from_lines(event, event.backtrace))
        elif isinstance(event, JobDead) and event.reason == "poisoned":  # any other death comes after a JobFailed
            self._capture(event, _from_lines(event, ()))

    def _capture(self, event: JobFailed | JobDead, error: SentryEvent) -> None:
        job = event.job
        about: dict[str, Any] = {"jid": job.jid, "class": job.class_, "queue": event.queue, "attempt": job.attempt}
        if isinstance(event, JobFailed):
            about |= {"started_at": event.started_at, "final": event.final}
            at = event.failed_at
        else:
            about |= {"final": True}
            at = event.died_at
        if self._with_args:
            about["args"] = job.args
        error |= {"level": "error", "transaction": job.class_, "timestamp": datetime.fromtimestamp(at, UTC)}
        with sentry_sdk.isolation_scope() as scope:
            scope.clear_breadcrumbs()  # of whoever started this listener
            scope.set_context("job", about)
            scope.set_tag("job.class", job.class_)
            scope.set_tag("job.queue", event.queue)
            scope.capture_event(error)


def _from_exception(event: JobFailed, with_args: bool) -> SentryEvent | None:
    """Return what Sentry makes of the exception; None if there is none, or none with a traceback."""
    if event.exception is None or event.exception.__traceback__ is None:  # of another process
        return None
    options: dict[str, Any] = dict(sentry_sdk.get_client().options)
    options["include_local_variables"] = with_args and options.get("include_local_variables", True)
    error, _ = event_from_exception(event.exception, client_options=options, mechanism=_MECHANISM)
    return error


def _from_lines(event: JobFailed | JobDead, lines: Iterable[str]) -> SentryEvent:
    """Return the same from what is kept of an exception; `lines` are `FILE:LINE:in FUNCTION`, the innermost first."""
    found: dict[str, Any] = {"type": event.error_class, "value": event.error_message, "mechanism": _MECHANISM}
    if frames := [_frame(line) for line in lines]:
        found["stacktrace"] = {"frames": frames[::-1]}
    return {"exception": {"values": [found]}}


def _frame(line: str) -> dict[str, Any]:
    found = _LINE.fullmatch(line)
    if found is None:
        return {"function": line}
    file, number, function = found.groups()
    return {"abs_path": file, "filename": file, "lineno": int(number), "function": function}
