"""How far a running job is, as it says itself."""

from __future__ import annotations

import json
import math
from numbers import Real
from typing import Any

import attrs

LONGEST_MESSAGE = 200  # characters; of up to a thousand jobs of a node it is told every five seconds


def _percent(progress: JobProgress) -> float | None:
    if progress.total is None:
        return None
    return round(min(100.0, 100 * progress.done / progress.total), 1) if progress.total else 100.0


@attrs.frozen(kw_only=True)
class JobProgress:
    """How far a run is.

    Attributes:
        done: how much of it is done, in whatever the job counts.
        total: how much that is in the end; None where the job doesn't know.
        message: what it is at.
        percent: of the total that is done, 0 to 100; None without one.
    """

    done: float
    total: float | None = None
    message: str = ""
    percent: float | None = attrs.field(default=attrs.Factory(_percent, takes_self=True))

    @classmethod
    def of(cls, done: Any, total: Any = None, message: object = "") -> JobProgress:
        """Return what a job says; the message in one line of 200 characters at most.

        Raises:
            TypeError: `done` or `total` is no number.
            ValueError: it is below 0, or not finite.
        """
        cut = " ".join(str(message)[: LONGEST_MESSAGE + 1].encode("utf-8", "replace").decode().split())
        return cls(
            done=_count("done", done),
            total=None if total is None else _count("total", total),
            message=cut if len(cut) <= LONGEST_MESSAGE else cut[: LONGEST_MESSAGE - 1] + "…",
        )

    def __str__(self) -> str:
        """Return it for people: `30 of 120 (25%), reading`."""
        counted = self.counted if self.percent is None else f"{self.counted} ({self.percent:.0f}%)"
        return f"{counted}, {self.message}" if self.message else counted

    @property
    def counted(self) -> str:
        """How much of how much, for people."""
        return f"{self.done:.12g}" if self.total is None else f"{self.done:.12g} of {self.total:.12g}"

    def fields(self) -> dict[str, Any]:
        """Return what it is made of, for JSON; `progress_of` reads it."""
        told = {"done": self.done, "total": self.total, "message": self.message or None}
        return {name: value for name, value in told.items() if value is not None}

    def encoded(self) -> bytes:
        """Return it as text; `progress_in` reads it."""
        return json.dumps(self.fields(), separators=(",", ":")).encode()


def progress_of(fields: Any) -> JobProgress | None:
    """Return what fields tell; None where that is no progress, as others may have written them."""
    try:
        return JobProgress.of(fields["done"], fields.get("total"), fields.get("message") or "")
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def progress_in(text: bytes) -> JobProgress | None:
    """Return what a text tells; None for an empty one."""
    return progress_of(json.loads(text)) if text else None


def _count(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, not a {type(value).__name__}")
    number = float(value)
    if not 0 <= number < math.inf:
        raise ValueError(f"{name} must be a number from 0 on, not {number}")
    return number
