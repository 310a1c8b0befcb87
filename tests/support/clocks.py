"""Clocks that a test sets."""

from __future__ import annotations

import time

from verk_actors.otp.clock import SystemClock


class ShiftedClock(SystemClock):
    """The machine's clocks, each some seconds off.

    Args:
        off_by_seconds: how wrong the time of day is.

    Attributes:
        off_by_seconds: as given, to be changed.
        stalled_seconds: how much more is measured than has passed, as if nothing had been done for so long.
    """

    def __init__(self, off_by_seconds: float = 0.0) -> None:
        self.off_by_seconds = off_by_seconds
        self.stalled_seconds = 0.0

    def time(self) -> float:  # type: ignore[override]  # a method in place of a function
        """Unix seconds, wrong."""
        return time.time() + self.off_by_seconds

    def monotonic(self) -> float:  # type: ignore[override]  # a method in place of a function
        """Seconds of a clock that never jumps back."""
        return time.monotonic() + self.stalled_seconds
