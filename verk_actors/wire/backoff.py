"""When a failed job runs again."""

from __future__ import annotations

import random
from typing import Protocol

from verk_actors.wire.failure import Failure


class Backoff(Protocol):
    """Says how long a failed job waits for its retry."""

    def __call__(self, attempt: int, failure: Failure, /) -> float:
        """Return so many seconds, for the run of that number (from 1) that failed so."""


def retry_delay_seconds(attempt: int, jitter: float) -> float:
    """Returns how long to wait after a failed run: 18 to 76 s after the first, some 25 days in all for 25.

    Args:
        attempt: the number of the run that failed, from 1.
        jitter: a random number in [0, 1), which keeps jobs that failed together from coming back together.

    Source: Verk lib/verk/retry_set.ex, calculate_retry_at
    """
    spread = 1 + int(jitter * 30)  # 1 to 30, both included
    return float(attempt**4 + 15 + spread * (attempt + 1))


def retry_at(failed_at: float, attempt: int, rng: random.Random) -> float:
    """Returns when the job runs again, in unix seconds, given when its run number `attempt` failed."""
    return failed_at + retry_delay_seconds(attempt, rng.random())
