"""Times in payloads: unix seconds, whatever the unit they are found in."""

from __future__ import annotations

from typing import Any

from verk_actors.errors import InvalidJob

MILLISECONDS_FROM = 1e11  # the year 5138 in seconds, 1973 in milliseconds, which Sidekiq 8 writes
_LATEST = 1e15  # beyond it a number is no time in either unit


def read(value: Any) -> float | None:
    """Returns unix seconds, whatever the unit; None if the value is no time."""
    if type(value) is float and 0 <= value < MILLISECONDS_FROM:
        return value
    if type(value) not in (float, int) or not 0 <= value <= _LATEST:
        return None
    return value / 1000 if value >= MILLISECONDS_FROM else float(value)


def exact(field: str, value: float | None) -> float | None:
    """Returns a time as a float, which every Sidekiq reads as seconds (8 takes integers for milliseconds)."""
    if value is None:
        return None
    if type(value) not in (float, int) or not abs(value) < MILLISECONDS_FROM:
        raise InvalidJob(field, value, "must be a time in unix seconds")
    return float(value)


def whole(field: str, value: float | None) -> int | None:
    """Returns a time in whole seconds, the only ones that Verk's readers take."""
    seconds = exact(field, value)
    return None if seconds is None else int(seconds)
