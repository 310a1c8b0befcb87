"""Signals to the process as values, that its main thread waits for."""

from __future__ import annotations

import os
import select
import signal
from typing import Any, Self

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What ends a program on a terminal and leaves it the time to tidy up."""


class Signals:
    """Signals as values to wait for, while the context lasts. For the main thread.

    The handlers do nothing: the interpreter itself writes each signal's number into a pipe. So nothing is ever
    done in the middle of something else.
    """

    def __init__(self, *numbers: signal.Signals) -> None:
        self._numbers = numbers
        self._handlers: dict[signal.Signals, Any] = {}  # those from before, while the context lasts

    def __enter__(self) -> Self:
        self._leave_children_alone()
        self._is_restored = False
        self._read_end, self._write_end = os.pipe()
        os.set_blocking(self._write_end, False)  # demanded by set_wakeup_fd
        self._others_end = signal.set_wakeup_fd(self._write_end, warn_on_full_buffer=False)
        self._handlers = {number: signal.signal(number, lambda *_: None) for number in self._numbers}
        signal.pthread_sigmask(signal.SIG_UNBLOCK, self._numbers)  # whoever started this process may have had some wait
        return self

    def __exit__(self, *_: object) -> None:
        self._restore()

    def _leave_children_alone(self) -> None:
        """Have a forked child do with signals what it would without us.

        It shares the pipe: what is sent to it must not be taken for ours. Nor must it be lost, so it waits until the
        child is ready.
        """
        os.register_at_fork(
            before=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, self._handlers),
            after_in_parent=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, self._handlers),
            after_in_child=self._become_child,
        )

    def _become_child(self) -> None:
        self._restore()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, self._numbers)

    def _restore(self) -> None:
        if self._is_restored:
            return
        self._is_restored = True
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers.clear()  # a fork from now on finds nothing to block
        signal.set_wakeup_fd(self._others_end)
        os.close(self._read_end)
        os.close(self._write_end)

    def wait(self, timeout: float | None = None) -> int | None:
        """Return the next signal's number, or 0 for a `wake`; None after `timeout` seconds without any."""
        while select.select([self._read_end], [], [], timeout)[0]:
            number = os.read(self._read_end, 1)[0]
            if not number or number in self._numbers:  # else it has a handler of somebody else
                return number
        return None

    def wake(self) -> None:
        """End the present wait, or the next one; from any thread."""
        os.write(self._write_end, b"\0")
