"""The log handler of `verk run`, and how many lines go to it at once."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TextIO

from verk_actors.jobs.context import JobContextFilter
from verk_actors.logs.formats import Lines


class LineHandler(logging.StreamHandler[TextIO]):
    """Writes to a stream, line by line; those of several records together where they come together.

    Args:
        stream: standard error unless given.
        lines: the form of them.
    """

    def __init__(self, lines: Lines, stream: TextIO | None = None) -> None:
        super().__init__(stream)
        self.lines = lines
        self.setFormatter(lines)
        self.addFilter(JobContextFilter())

    def write(self, lines: Iterable[str]) -> None:
        """Write lines, by one write to the stream; whatever that raises."""
        text = self.terminator.join(lines) + self.terminator
        self.acquire()
        try:
            self.stream.write(text)
            self.flush()
        finally:
            self.release()


def line_handler_of(logger: logging.Logger) -> LineHandler | None:
    """Return the LineHandler that all records of a logger go to, and nobody else sees; None where others do."""
    found, is_filtered, above = list(logger.handlers), bool(logger.filters), logger
    while above.propagate and above.parent is not None:
        above = above.parent
        found += above.handlers
    handlers = [handler for handler in found if not isinstance(handler, logging.NullHandler)]
    if is_filtered or len(handlers) != 1:
        return None
    handler = handlers[0]
    if type(handler) is not LineHandler or handler.level != logging.NOTSET or handler.formatter is not handler.lines:
        return None
    return handler if [type(one) for one in handler.filters] == [JobContextFilter] else None
