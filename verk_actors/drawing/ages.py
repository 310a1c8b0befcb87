"""Says how long something takes, in one unit; pure."""

from __future__ import annotations


def age(seconds: float) -> str:
    """Return about how long: 12 s, 5 min, 3 h, 2 d."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return f"{int(seconds)} s"
