"""The log of a job process: as the node's, where that is a stream of the process.

Levels are the node's in any case. A root handler that writes to standard error or output is made again, with lines of
the same form. Any other, such as one for a file, is the node's alone: a module with job classes that wants it in job
processes too sets it up when it is imported.
"""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Callable

from verk_actors.jobs.context import JobContextFilter
from verk_actors.logs.formats import format_of, formatter
from verk_actors.logs.handler import LineHandler
from verk_actors.tree.manager.queue.job_packets import LogSetup

_STREAMS = ("stderr", "stdout")


def log_setup() -> LogSetup:
    """Return how the log of this process is set up."""
    loggers = [logging.root, *logging.root.manager.loggerDict.values()]
    levels = {logger.name: logger.level for logger in loggers if isinstance(logger, logging.Logger) and logger.level}
    for handler in logging.root.handlers:
        for name in _STREAMS:
            if isinstance(handler, logging.StreamHandler) and handler.stream is getattr(sys, name):
                theirs = handler.formatter or logging.Formatter()
                if (lines := format_of(theirs)) is not None:
                    return LogSetup(levels=levels, stream=name, lines=lines)
                kind = type(theirs)
                return LogSetup(
                    levels=levels,
                    stream=name,
                    formatter=f"{kind.__module__}:{kind.__qualname__}",
                    line=theirs._fmt,
                    date=theirs.datefmt,
                    has_context=any(isinstance(one, JobContextFilter) for one in handler.filters),
                )
    return LogSetup(levels=levels)


def set_levels(setup: LogSetup) -> None:
    """Set the levels of a job process; before its modules are imported, which have the last word."""
    for name, level in setup.levels.items():
        logging.getLogger(None if name == "root" else name).setLevel(level)


def add_handler(setup: LogSetup, node_id: str, find: Callable[[str], object]) -> None:
    """Add the root handler of a job process, unless its modules have.

    Args:
        setup: the node's.
        node_id: of the node.
        find: returns what is at a `module:name`.
    """
    if not setup.stream or logging.root.handlers:
        return
    stream = getattr(sys, setup.stream)
    if setup.lines is not None:
        logging.root.addHandler(LineHandler(formatter(setup.lines, node_id), stream))
        return
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_formatter(setup, find))
    if setup.has_context:
        handler.addFilter(JobContextFilter())
    logging.root.addHandler(handler)


def _formatter(setup: LogSetup, find: Callable[[str], object]) -> logging.Formatter:
    for style in "%{$":
        with contextlib.suppress(Exception):  # that of another style, or a class with an __init__ of its own
            made = find(setup.formatter)(setup.line, setup.date, style)  # type: ignore[operator]  # a class, as it was
            if isinstance(made, logging.Formatter):
                return made
    return logging.Formatter("%(levelname)s %(name)s %(message)s")
