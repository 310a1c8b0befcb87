"""How often a supervisor may restart; pure."""

from __future__ import annotations

from collections import deque


class RestartWindow:
    """A sliding window over restarts.

    More than `max_restarts` within `max_seconds` means that restarting does not help, and the supervisor
    gives up. The default is OTP's advice for small trees, 3 in 5 seconds, which Verk has everywhere too.

    Raises:
        ValueError: `max_restarts` is negative, or `max_seconds` is not positive.

    Source: supervisor(3), "Maximum Restart Intensity".
    """

    def __init__(self, max_restarts: int = 3, max_seconds: float = 5.0) -> None:
        if max_restarts < 0 or max_seconds <= 0:
            raise ValueError(f"{max_restarts} restarts in {max_seconds} s: allowed are 0 or more, in more than 0 s")
        self.max_restarts = max_restarts
        self.max_seconds = max_seconds
        self._restarts: deque[float] = deque()

    def restart_allowed(self, now: float) -> bool:
        """Count one restart at the monotonic time `now`; False when it was one too many."""
        self._restarts.append(now)
        while now - self._restarts[0] > self.max_seconds:
            self._restarts.popleft()
        return len(self._restarts) <= self.max_restarts
