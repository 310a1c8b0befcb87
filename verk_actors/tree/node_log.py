"""How an actor writes to the log: by a word to the JobLogger, so that it never waits for a log handler.

A handler may block, as on a full pipe, or raise; neither may hold up a job or a heartbeat. Kernel and command log by
themselves.
"""

from __future__ import annotations

import logging
import sys
from typing import Any
from weakref import WeakKeyDictionary

import attrs

from verk_actors.otp import Cast, Ref, current
from verk_actors.tree import names

_MOST_WAITING = 10_000  # messages in the JobLogger's inbox; lines beyond that are dropped

_dropped: WeakKeyDictionary[Ref, int] = WeakKeyDictionary()


def dropped(job_logger: Ref) -> int:
    """Return how many lines were dropped, since too many waited for this JobLogger."""
    return _dropped.get(job_logger, 0)


@attrs.frozen(eq=False)
class Line(Cast):
    """To the JobLogger: write this. `args` are formatted as it is written."""

    log: logging.Logger
    level: int
    text: str
    args: tuple[Any, ...]
    error: BaseException | None

    def write(self) -> bool:
        """Write it, on whatever thread this is; False where a user's handler raises."""
        try:
            self.log.log(self.level, self.text, *self.args, exc_info=self.error)
        except Exception:  # noqa: BLE001  there is nowhere else to say it
            return False
        return True


class NodeLog:
    """Stands in for a `logging.Logger` in the modules of actors."""

    def __init__(self, name: str) -> None:
        self._log = logging.getLogger(name)

    def log(self, level: int, text: str, *args: object) -> None:
        """Write at a level of `logging`."""
        self._say(level, text, args)

    def debug(self, text: str, *args: object) -> None:
        """Write at DEBUG."""
        self._say(logging.DEBUG, text, args)

    def info(self, text: str, *args: object) -> None:
        """Write at INFO."""
        self._say(logging.INFO, text, args)

    def warning(self, text: str, *args: object) -> None:
        """Write at WARNING."""
        self._say(logging.WARNING, text, args)

    def error(self, text: str, *args: object, exc_info: BaseException | None = None) -> None:
        """Write at ERROR, with the traceback of an error where one is given."""
        self._say(logging.ERROR, text, args, exc_info)

    def critical(self, text: str, *args: object) -> None:
        """Write at CRITICAL."""
        self._say(logging.CRITICAL, text, args)

    def exception(self, text: str, *args: object) -> None:
        """Write at ERROR, with the traceback of the error being handled."""
        self._say(logging.ERROR, text, args, sys.exception())

    def _say(self, level: int, text: str, args: tuple[object, ...], error: BaseException | None = None) -> None:
        if not self._log.isEnabledFor(level):
            return
        line, me = Line(self._log, level, text, args, error), current()
        logger = None if me is None else me.whereis(names.JOB_LOGGER)
        if logger is None:
            line.write()  # before it has started, or after it has stopped
        elif logger.actor_inbox.qsize() >= _MOST_WAITING:
            _dropped[logger] = dropped(logger) + 1
        elif not logger.cast(line):
            line.write()
