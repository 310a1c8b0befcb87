"""Messages in flight: who sent what to whom, and whether everything sent has been handled."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Any

Observer = Callable[[str, str, Any], None]
"""Called with the sender's name, the receiver's name and the message, on the sender's thread."""


class Trace:
    """Counts, for each process, its messages between being sent and having been handled.

    A runtime has one only where somebody asked for it (tests, diagrams): it costs a lock per message.
    """

    def __init__(self, observer: Observer | None = None) -> None:
        self._in_flight: dict[Hashable, int] = {}
        self._changed = threading.Condition()
        self.observer = observer

    def sent(self, sender: str, receiver: Hashable, message: object) -> None:
        """Count a message that was put into an inbox."""
        if self.observer is not None:
            self.observer(sender, str(receiver), message)
        self.busy(receiver)

    def busy(self, process: Hashable) -> None:
        """Count one more thing that a process has to do."""
        with self._changed:
            self._in_flight[process] = self._in_flight.get(process, 0) + 1

    def handled(self, process: Hashable) -> None:
        """Count one thing done: a message handled or dropped, a start that ended."""
        with self._changed:
            left = self._in_flight.pop(process, 1) - 1
            if left > 0:
                self._in_flight[process] = left
            elif not self._in_flight:
                self._changed.notify_all()

    def forget(self, process: Hashable) -> None:
        """Count nothing of a process that is dead: what a killed one is stuck in concerns nobody."""
        with self._changed:
            self._in_flight.pop(process, None)
            if not self._in_flight:
                self._changed.notify_all()

    def wait_quiet(self, timeout: float) -> bool:
        """Wait until nothing is in flight; False when that took longer than `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._in_flight, timeout)
