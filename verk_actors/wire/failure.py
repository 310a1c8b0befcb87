"""How a run failed: what is written of it, and what backoffs are told."""

from __future__ import annotations

import attrs


@attrs.frozen(kw_only=True)
class Failure:
    """How a run failed.

    Attributes:
        class_name: the name of what was raised.
        message: its message.
        backtrace: the lines of its backtrace, most recent call first, as Sidekiq and Verk have them.
    """

    class_name: str
    message: str
    backtrace: tuple[str, ...] = ()
