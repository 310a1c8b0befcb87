"""What has come of an action."""

from __future__ import annotations

import attrs


@attrs.frozen
class Outcome:
    """To how many it was done, and all of it in a sentence."""

    count: int
    text: str


def counted(count: int) -> str:
    """Return a number of jobs in words."""
    return "1 job" if count == 1 else f"{count:,} jobs"
