"""Waiting for what nobody announces, such as a restarted process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
DEADLINE_SECONDS = 60.0  # only a hang takes that long, on a busy machine too


def eventually(look: Callable[[], T | None], what: str) -> T:
    """Return the first true value that `look` returns; it is asked every few milliseconds."""
    never = threading.Event()
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline, f"no {what} within {DEADLINE_SECONDS} s"
        never.wait(0.005)
    return found
