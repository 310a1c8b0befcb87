"""Says how long something takes, and how many there are, in few words; pure."""

from __future__ import annotations

from verk_actors.drawing.ages import age

__all__ = ["age", "counted", "distance"]


def distance(at: float, now: float) -> str:
    """Return how far a time is from now: in 5 min, 3 h ago."""
    return f"in {age(at - now)}" if at > now else f"{age(now - at)} ago"


def counted(count: int, noun: str) -> str:
    """Return how many: 1 job, 1,000 jobs."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
