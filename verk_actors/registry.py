"""The code behind the names that jobs bear.

A name read from Redis is looked up here and never imported: whoever can write to Redis chooses among the
registered classes and no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import attrs

from verk_actors.arguments import TypedArguments
from verk_actors.config import ArgsKeys
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

    args_keys: ArgsKeys | None = None
    """How the arguments meet the perform, where the job class says so."""

    arguments: TypedArguments | None = None
    """What the annotations make of the arguments; None where they are plain JSON."""

    def typed(self, args_keys: ArgsKeys) -> Performer:
        """Return what runs the same with its arguments as the job class says, or else as this does."""
        mode = self.args_keys or args_keys
        if self.arguments is None or mode == "plain":
            return self
        return attrs.evolve(self, perform=partial(_perform_typed, self.perform, self.arguments, mode), arguments=None)

    def __str__(self) -> str:
        return f"{self.target.__module__}.{self.target.__qualname__}"


class Registry:
    """Performers by name, and by the other names that a job may know them by.

    Args:
        args_keys: how arguments meet those performers that don't say so themselves.
    """

    def __init__(self, args_keys: ArgsKeys = "typed") -> None:
        self._args_keys: ArgsKeys = args_keys
        self._performers: dict[str, Performer] = {}

    def find(self, name: str) -> Performer:
        """Return the performer of that name.

        Raises:
            JobClassNotFound: nothing is registered by that name.
        """
        try:
            performer = self._performers[name]
        except KeyError:
            raise JobClassNotFound(name) from None
        return performer if performer.arguments is None else performer.typed(self._args_keys)

    def under(self, args_keys: ArgsKeys) -> Registry:
        """Return the same registry for a node with that setting; what is registered in one is in both."""
        if args_keys == self._args_keys:
            return self
        view = Registry(args_keys)
        view._performers = self._performers
        return view

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


def _perform_typed(
    perform: Callable[[list[Any]], Any], arguments: TypedArguments, mode: ArgsKeys, args: list[Any]
) -> Any:
    return perform(arguments.read(args, mode))


registry = Registry()
"""The registry of this process, which `@worker` fills and a node reads unless told otherwise."""
