"""What is shown of arguments: all of them, unless whoever mounts the dashboard says otherwise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

Redact: TypeAlias = Callable[[str, list[Any]], Sequence[Any]]
"""Returns the arguments to show, of the name of a job class and its arguments."""

HIDDEN = "[hidden]"


def show_all(_: str, args: list[Any]) -> Sequence[Any]:
    """Show arguments as they are."""
    return args


class Redaction:
    """Shows arguments as a function says; where that fails, it shows none of them.

    Attributes:
        is_on: whether anything may be hidden, so that raw payloads must not be shown either.
    """

    def __init__(self, redact: Redact | None) -> None:
        self.is_on = redact is not None
        self._redact = redact or show_all

    def args(self, class_name: str, args: list[Any]) -> list[Any]:
        """Return the arguments to show."""
        try:
            return list(self._redact(class_name, args))
        except Exception:  # noqa: BLE001  a user's function; a page without arguments is better than none
            return [HIDDEN] * len(args)
