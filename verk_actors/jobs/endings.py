"""What a job raises to choose its own end, beside returning and failing.

    raise Snooze(300)            # run me again in five minutes; it is no failure
    raise Discard("no such user any more")  # I am done with, and not to be run again
    raise Kill("the card is blocked")  # retries are no use: into the dead set
    current_job().check_cancelled()  # raises JobCancelled where somebody wants me to end

They work from anywhere below a perform or a middleware, whatever executor the queue has. An `except Exception` in
between swallows them as it does any other exception.

Source: Exq lib/exq/middleware/snooze.ex; the other two are ours.
"""

from __future__ import annotations

import math
from typing import Literal

DeathReason = Literal["retries used up", "retry time used up", "killed", "cancelled", "poisoned"]
"""Why a job is dead: no retry or no time for one is left, it raised `Kill`, it was cancelled, or nodes died of it."""


class Ending(Exception):
    """An end that a job chooses; raise one of its children."""


class Snooze(Ending):
    """Run the job again later, as if this run had not been.

    It waits in the schedule and keeps its jid, its arguments and its retries; neither processed nor failed counts it.

    Args:
        seconds: from now; fractions are fine.

    Raises:
        ValueError: not a finite number of seconds from 0.
    """

    def __init__(self, seconds: float) -> None:
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < math.inf:
            raise ValueError(f"a job is snoozed for a number of seconds, 0 or more, not for {seconds!r}")
        super().__init__(f"for {seconds} s")
        self.seconds = float(seconds)


class Discard(Ending):
    """Have the job done with: it is acknowledged and counted as processed, whatever it has left undone.

    Args:
        reason: for the log and for listeners.
    """

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = str(reason)


class Kill(Ending):
    """Have the job fail for good, with whatever retries it has left: it goes to the dead set.

    Args:
        reason: its `error_message` there.
    """

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = str(reason)


class JobCancelled(Ending):
    """The run ends early, as somebody has asked it to: the job goes to the dead set, whatever retries it has left."""

    def __init__(self) -> None:
        super().__init__("Canceled")  # Exq's word
