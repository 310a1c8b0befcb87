"""Messages in flight: who sent what to whom, and whether everything sent has been handled."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

Observer = Callable[[str, str, Any], None]
"""Called with the sender's name, the receiver's name and the message, on the sender's thread."""


class Trace:
    """Counts messages between being sent and having been handled.

    A runtime has one only where somebody asked for it (tests, diagrams): it costs a lock per message.
    """

    def __init__(self, observer: Observer | None = None) -> None:
        self._in_flight = 0
        self._changed = threading.Condition()
        self.observer = observer

    def sent(self, sender: str, receiver: str, message: object) -> None:
        """Count a message that was put into an inbox."""
        if self.observer is not None:
            self.observer(sender, receiver, message)
        self.busy()

    def busy(self) -> None:
        """Count one more thing under way."""
        with self._changed:
            self._in_flight += 1

    def handled(self) -> None:
        """Count one thing done: a message handled or dropped, a start that ended."""
        with self._changed:
            self._in_flight -= 1
            if self._in_flight == 0:
                self._changed.notify_all()

    def wait_quiet(self, timeout: float) -> bool:
        """Wait until nothing is in flight; False when that took longer than `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self._in_flight == 0, timeout)
