"""Log lines that what is logged can't forge: each begins a record, or is indented below one.

A record's own text takes one line, whatever it holds. Of a traceback each line stays one, shown below its record:
the message of an exception may have lines of its own, which would pass for records.
"""

from __future__ import annotations

import logging

from verk_actors.errors import loggable

_BELOW = "    "


class LogLines(logging.Formatter):
    """Formats a record as one printable line, and its traceback as indented printable lines."""

    _second, _text = -1, ""  # the time written last

    def format(self, record: logging.LogRecord) -> str:
        """Return the line or lines of a record."""
        record.message = record.getMessage()
        record.asctime = self.formatTime(record, self.datefmt)
        lines = [_printable(self.formatMessage(record))]
        if record.exc_info:
            lines += self.formatException(record.exc_info).splitlines()
        if record.stack_info:
            lines += self.formatStack(record.stack_info).splitlines()
        return "\n".join([lines[0], *(_BELOW + _printable(line) for line in lines[1:])])

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802
        """Return the time as every Formatter does; within a second only its milliseconds are new."""
        second = int(record.created)
        if second != self._second:
            self._second, self._text = second, super().formatTime(record, self.default_time_format)
        return f"{self._text},{int(record.msecs):03}"


def _printable(text: str) -> str:
    return loggable(text, len(text))
