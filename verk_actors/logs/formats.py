"""What a log line looks like: as text, as logfmt, or as JSON. In each of them nothing that is logged can forge a line.

A record takes one printable line, whatever it holds. In text a traceback follows, of which each line stays one,
indented below its record: the message of an exception may have lines of its own, which would pass for records. In
logfmt and JSON it is a field.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from verk_actors.errors import loggable
from verk_actors.settings.config import LogFormat

FIELDS = {"node": "node", "queue": "queue", "job_class": "class", "jid": "jid", "attempt": "attempt"}
"""The attributes of a record that say which job it is about, and what logfmt and JSON call them."""

_BELOW = "    "
_OF_JOBS = "verk_actors.job_log"  # whose lines say themselves which job they are about


class Lines(logging.Formatter):
    """Formats records as lines of one of these forms.

    Args:
        node_id: of the node whose process this is, for records that don't say.
    """

    def __init__(self, node_id: str = "") -> None:
        super().__init__()
        self._node_id = node_id
        self._second, self._text = -1, ""  # the time written last

    def format(self, record: logging.LogRecord) -> str:
        """Return the line or lines of a record."""
        trace = [self.formatException(record.exc_info)] if record.exc_info else []
        trace += [self.formatStack(record.stack_info)] if record.stack_info else []
        values = record.__dict__
        fields = {name: values[name] for name in FIELDS if values.get(name) is not None}
        return self.line(record.created, record.levelname, record.name, record.getMessage(), fields, "\n".join(trace))

    def line(  # noqa: PLR0917  each line of a busy node comes here
        self, created: float, level: str, logger: str, message: str, fields: Mapping[str, Any], trace: str = ""
    ) -> str:
        """Return the line or lines of what a record holds.

        Args:
            fields: by the names of `FIELDS`.
            trace: the lines of a traceback.
        """
        raise NotImplementedError

    def _stamp(self, created: float) -> str:
        """Return a time; within a second only its milliseconds are new."""
        second = int(created)
        if second != self._second:
            self._second, self._text = second, self._up_to_second(second)
        return self._text

    def _up_to_second(self, second: int) -> str:
        return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")

    def _all(  # noqa: PLR0917  as above
        self, created: float, level: str, logger: str, message: str, fields: Mapping[str, Any], trace: str
    ) -> Iterator[tuple[str, Any]]:
        """Yield the names and values of a line with fields."""
        yield "time", f"{self._stamp(created)}.{int(created % 1 * 1000):03}Z"
        yield "level", level.lower()
        yield "logger", logger
        yield "message", message
        if self._node_id and "node" not in fields:
            yield "node", self._node_id
        for name, value in fields.items():
            if value is not None:
                yield FIELDS[name], value
        if trace:
            yield "trace", trace


class TextLines(Lines):
    """`2026-01-31 12:00:00,000 INFO    Mail 1f3a done: 5 ms`, in local time, for people."""

    def line(  # noqa: PLR0917  as above
        self, created: float, level: str, logger: str, message: str, fields: Mapping[str, Any], trace: str = ""
    ) -> str:
        """Return the line, with the job in brackets where one says it; and those of a traceback, below it."""
        if logger != _OF_JOBS and fields.get("attempt") is not None:
            job = f"{fields.get('job_class')} {fields.get('jid')}"
            message = f"{message} [{job}, attempt {fields['attempt']} in queue {fields.get('queue')}]"
        line = f"{self._stamp(created)},{int(created % 1 * 1000):03} {level:<7} {_printable(message)}"
        if not trace:
            return line
        return "\n".join([line, *(_BELOW + _printable(below) for below in trace.splitlines())])

    def _up_to_second(self, second: int) -> str:
        return datetime.fromtimestamp(second).strftime("%Y-%m-%d %H:%M:%S")


class LogfmtLines(Lines):
    """`time=2026-01-31T12:00:00.000Z level=info logger=app message="two words" queue=q class=Mail jid=1f3a`."""

    def line(  # noqa: PLR0917  as above
        self, created: float, level: str, logger: str, message: str, fields: Mapping[str, Any], trace: str = ""
    ) -> str:
        """Return the line."""
        every = self._all(created, level, logger, message, fields, trace)
        return " ".join([f"{name}={_quoted(str(value))}" for name, value in every])


class JsonLines(Lines):
    """`{"time": "2026-01-31T12:00:00.000Z", "level": "info", "logger": "app", "message": "two words", "jid": "1f"}`."""

    def line(  # noqa: PLR0917  as above
        self, created: float, level: str, logger: str, message: str, fields: Mapping[str, Any], trace: str = ""
    ) -> str:
        """Return the line."""
        return json.dumps(dict(self._all(created, level, logger, message, fields, trace)), default=repr)


_FORMATS: Mapping[LogFormat, type[Lines]] = {"text": TextLines, "logfmt": LogfmtLines, "json": JsonLines}


def formatter(log_format: LogFormat, node_id: str = "") -> Lines:
    """Return what formats records in that form."""
    return _FORMATS[log_format](node_id)


def format_of(lines: object) -> LogFormat | None:
    """Return the form that a formatter gives records; None for one that is not ours."""
    return next((name for name, kind in _FORMATS.items() if type(lines) is kind), None)


def _quoted(text: str) -> str:
    plain = text.isprintable() and text.isascii() and not any(mark in text for mark in ' "=\\') and text
    return text if plain else json.dumps(text)


def _printable(text: str) -> str:
    return text if text.isprintable() else loggable(text, len(text))
