"""What the kernel writes to the log, where a handler that raises must not take a supervisor with it."""

from __future__ import annotations

import logging


class Log:
    """Stands in for a `logging.Logger` in the modules of the kernel.

    The handlers of the standard library raise nothing; those of users may, on a full disk.
    """

    def __init__(self, name: str) -> None:
        self._log = logging.getLogger(name)

    def warning(self, text: str, *args: object) -> None:
        """Write at WARNING."""
        self._write(logging.WARNING, text, args)

    def error(self, text: str, *args: object, exc_info: BaseException | None = None) -> None:
        """Write at ERROR, with the traceback of an error where one is given."""
        self._write(logging.ERROR, text, args, exc_info)

    def _write(self, level: int, text: str, args: tuple[object, ...], error: BaseException | None = None) -> None:
        try:
            self._log.log(level, text, *args, exc_info=error)
        except Exception:  # noqa: BLE001  there is nowhere else to say it
            return
