"""One actor's view of an outage of Redis: how long to pause, and one log line at each end of it."""

from __future__ import annotations

import random

from verk_actors.errors import StoreError
from verk_actors.tree.node_log import NodeLog

log = NodeLog(__name__)

_FIRST_SECONDS = 0.05
_LONGEST_SECONDS = 5.0


class Outage:
    """Counts failures in a row.

    Args:
        who: begins the log lines.
    """

    def __init__(self, who: str) -> None:
        self._who = who
        self._failures = 0

    def goes_on(self, error: StoreError) -> float:
        """Note a failure; returns the seconds to pause, growing from 50 ms to 5 s, with jitter.

        The jitter keeps the actors of many nodes from coming back in the same moment.
        """
        if not self._failures:
            log.error("%s: Redis is of no use now: %s", self._who, error)
        self._failures += 1
        longest = min(_LONGEST_SECONDS, _FIRST_SECONDS * 2.0 ** min(self._failures - 1, 10))
        return longest * random.uniform(0.5, 1.0)

    def over(self) -> None:
        """Note a success."""
        if self._failures:
            log.warning("%s: Redis is back after %s failed attempts", self._who, self._failures)
            self._failures = 0
