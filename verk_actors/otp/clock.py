"""Clocks: one for differences, one for what is stored."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """What the runtime asks for the time."""

    def monotonic(self) -> float:
        """Seconds of a clock that never jumps; only differences mean something."""

    def time(self) -> float:
        """Unix seconds, for what is stored or shown."""


class SystemClock:
    """The machine's clocks."""

    monotonic = staticmethod(time.monotonic)
    time = staticmethod(time.time)
