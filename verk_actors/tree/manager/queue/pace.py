"""How fast the jobs of one queue end of late, which tells how many may be fetched ahead; no actor."""

from __future__ import annotations

import math

import attrs

_SECONDS = 0.1  # that a job fetched ahead may be expected to wait, and for which a pace is taken


@attrs.define(eq=False)
class Pace:
    """Counts the jobs that end, in periods of a tenth of a second.

    What waits here for a worker is kept from the idle workers of other nodes. So no more is fetched ahead than ended
    within a period: at no-op jobs that is thousands, at jobs that take seconds nothing.
    """

    _since: float = -math.inf  # so the first call begins the first period
    _ended: int = 0
    _per_period: float = 0.0

    def note(self, ended: int, now: float) -> int:
        """Count jobs that have ended, and return how many jobs may be fetched ahead.

        Args:
            ended: how many since the last call.
            now: monotonic seconds.
        """
        self._ended += ended
        elapsed = now - self._since
        if elapsed >= _SECONDS:
            self._per_period = self._ended * _SECONDS / elapsed
            self._since, self._ended = now, 0
        return int(self._per_period)
