"""How numbers, times and values are shown; the filters of the templates. Pure."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_AGES = 1e11  # three thousand years: a time in milliseconds, or a score that a peer has set to infinity
_UNITS = ("B", "kB", "MB", "GB", "TB")

UNKNOWN = "\N{EN DASH}"
"""What is shown of what is not known."""


def number(value: float | None) -> str:
    """Return a count with separated thousands; a dash for what is not known."""
    return UNKNOWN if value is None else f"{value:,}"


def duration(seconds: float | None) -> str:
    """Return a duration in the two largest units that say something; a dash for what is not known."""
    if seconds is None:
        return UNKNOWN
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    whole = int(seconds)
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
    return f"{whole // _DAY:,} d {whole % _DAY // _HOUR} h"


def ago(at: float, now: float) -> str:
    """Return when something was, or will be, seen from now; in one unit, if it is no time that never comes."""
    seconds = abs(now - at)
    if seconds > _AGES:
        return "long ago" if at < now else "never"
    if seconds < 1:
        return "now"
    count, unit = next(
        (int(seconds // size), unit)
        for size, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min"), (1, "s"))
        if seconds >= size
    )
    return f"{count:,} {unit} ago" if at < now else f"in {count:,} {unit}"


def instant(at: float) -> str:
    """Return a time as ISO 8601 has it, in UTC; what is no time, as a number."""
    try:
        return datetime.fromtimestamp(at, UTC).isoformat(sep=" ", timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return str(at)


def size(count: float | None) -> str:
    """Return a number of bytes in the largest unit that it fills."""
    if count is None:
        return UNKNOWN
    if count < 1000:
        return f"{count:.0f} B"
    power = min(len(_UNITS) - 1, (len(f"{count:.0f}") - 1) // 3)
    return f"{count / 1000**power:.1f} {_UNITS[power]}"


def as_json(value: Any, indent: int | None = None) -> str:
    """Return a value as JSON, to be read by people."""
    return json.dumps(value, ensure_ascii=False, indent=indent)
