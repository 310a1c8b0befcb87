"""The code behind the names that jobs bear.

A name read from Redis is looked up here and never imported: whoever can write to Redis chooses among the
registered classes and no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import attrs

from verk_actors.errors import JobClassNotFound


@attrs.frozen(kw_only=True, eq=False)
class Performer:
    """What a worker runs for a job of one name."""

    name: str
    queue: str | None
    max_retry_count: int | None
    target: Any
    """The class or function as its author wrote it."""

    perform: Callable[[list[Any]], Any]
    """Runs one job with these arguments; a class gets a fresh instance for each, as in Verk and Sidekiq."""

    is_async: bool = False
    """Whether `perform` only makes a coroutine, which a loop has to run."""

    retry_at: Callable[[float, int], float] | None
    """When to retry a run that failed at these unix seconds with this attempt; None for the usual curve."""

    def __str__(self) -> str:
        return f"{self.target.__module__}.{self.target.__qualname__}"


class Registry:
    """Performers by name, and by the other names that a job may know them by."""

    def __init__(self) -> None:
        self._performers: dict[str, Performer] = {}

    def find(self, name: str) -> Performer:
        """Return the performer of that name.

        Raises:
            JobClassNotFound: nothing is registered by that name.
        """
        try:
            return self._performers[name]
        except KeyError:
            raise JobClassNotFound(name) from None

    def add(self, performer: Performer, aliases: Iterable[str] = ()) -> None:
        """Register a performer; in place of an older one only if that is of the same class, reloaded.

        Raises:
            ValueError: another class has one of the names. Choose another by `@worker(name=...)`.
        """
        names = [performer.name, *aliases]
        for name in names:
            known = self._performers.get(name)
            if known is not None and str(known) != str(performer):
                raise ValueError(f"{performer} can't be registered as {name!r}: {known} is")
        self._performers.update(dict.fromkeys(names, performer))

    def names(self) -> list[str]:
        """Return all registered names, sorted."""
        return sorted(self._performers)

    def modules(self) -> list[str]:
        """Return the names of the modules that the registered code is from, sorted."""
        return sorted({performer.target.__module__ for performer in tuple(self._performers.values())})


registry = Registry()
"""The registry of this process, which `@worker` fills and a node reads unless told otherwise."""
