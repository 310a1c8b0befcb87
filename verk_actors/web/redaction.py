"""What is shown of arguments: all of them, unless whoever mounts the dashboard says otherwise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from verk_actors.store.job_filter import JobFilter
from verk_actors.web.errors import InvalidInput

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

    def check(self, where: JobFilter) -> None:
        """Refuse a filter that looks where something may be hidden: what it finds would tell what that is.

        Raises:
            InvalidInput: it does.
        """
        if self.is_on and where.text is not None:
            raise InvalidInput("text", "can't be looked for where arguments may be hidden")

    def args(self, class_name: str, args: list[Any]) -> list[Any]:
        """Return the arguments to show."""
        try:
            return list(self._redact(class_name, args))
        except Exception:  # noqa: BLE001  a user's function; a page without arguments is better than none
            return [HIDDEN] * len(args)
