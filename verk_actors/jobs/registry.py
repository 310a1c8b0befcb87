"""The code behind the names that jobs bear.

A name read from Redis is looked up here and never imported: whoever can write to Redis chooses among the
registered classes and no more.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import attrs

from verk_actors.errors import JobClassNotFound
from verk_actors.jobs.arguments import TypedArguments
from verk_actors.middleware import WorkerMiddleware, worker_chain
from verk_actors.settings.config import ArgsKeys, Config
from verk_actors.settings.limit import Limit
from verk_actors.settings.references import resolved
from verk_actors.wire.backoff import Backoff
from verk_actors.wire.cron_schedule import CronSchedule
from verk_actors.wire.job import Job, JobOptions


@attrs.frozen(kw_only=True)
class Terms:
    """On what terms a node runs all job classes.

    Attributes:
        args_keys: how arguments meet those performers that don't say so themselves.
        middleware: what stands around each run, the outermost first.
        backoff: how long failed runs of those wait that don't say so themselves.
    """

    args_keys: ArgsKeys = "typed"
    middleware: tuple[WorkerMiddleware, ...] = ()
    backoff: Backoff | None = None

    @classmethod
    def of(cls, config: Config) -> Terms:
        """Return those of a node so configured.

        Raises:
            ConfigError: a function that the config names can't be imported.
        """
        return cls(
            args_keys=config.args_keys,
            middleware=tuple(resolved("worker_middleware", one) for one in config.worker_middleware),
            backoff=resolved("backoff", config.backoff),
        )


@attrs.frozen(kw_only=True, eq=False)
class Performer:
    """What a worker runs for a job of one name."""

    name: str
    queue: str | None
    max_retry_count: int | None
    """How often a job that leaves it open is retried; None for as often as the node says."""

    dead: bool = True
    """Whether a job that leaves its retries open is buried when they are used up."""

    target: Any
    """The class or function as its author wrote it."""

    perform: Callable[[list[Any]], Any]
    """Runs one job with these arguments; a class gets a fresh instance for each, as in Verk and Sidekiq."""

    is_async: bool = False
    """Whether `perform` only makes a coroutine, which a loop has to run."""

    retry_at: Callable[[float, int], float] | None
    """When to retry a run that failed at these unix seconds with this attempt; None for the usual curve."""

    backoff: Backoff | None = None
    """How long a failed run waits for the next, where there is no `retry_at`; None for the usual curve."""

    chain: Callable[[Job], Any] | None = None
    """Runs one job through the middleware that stands around it; None where none does."""

    args_keys: ArgsKeys | None = None
    """How the arguments meet the perform, where the job class says so."""

    arguments: TypedArguments | None = None
    """What the annotations make of the arguments; None where they are plain JSON."""

    options: JobOptions = attrs.field(factory=JobOptions)
    """What its jobs have that a program makes of the class, and that run by a schedule."""

    schedule: CronSchedule | None = None
    """When a job of it is enqueued by itself; None for never."""

    signature: inspect.Signature | None = None
    """The parameters that a job's arguments fill."""

    limits: tuple[Limit, ...] = ()
    """How many of its jobs run at a time, or start within a time."""

    def on(self, terms: Terms) -> Performer:
        """Return what runs the same on the terms of a node, unless the job class has its own."""
        perform, arguments, mode = self.perform, self.arguments, self.args_keys or terms.args_keys
        if arguments is not None and mode != "plain":
            perform = partial(_perform_typed, perform, arguments, mode)
        elif terms.middleware == () and terms.backoff is None:
            return self
        chain = None
        if terms.middleware:
            chain = worker_chain(terms.middleware, partial(_perform_job, perform), is_async=self.is_async)
        return attrs.evolve(self, perform=perform, arguments=None, chain=chain, backoff=self.backoff or terms.backoff)

    def __str__(self) -> str:
        return f"{self.target.__module__}.{self.target.__qualname__}"


class Registry:
    """Performers by name, and by the other names that a job may know them by.

    Args:
        terms: on what they run.
    """

    def __init__(self, terms: Terms | None = None) -> None:
        self._terms = terms or Terms()
        self._performers: dict[str, Performer] = {}
        self._limited: dict[str, tuple[Limit, ...]] = {}
        self._ready: dict[Performer, Performer] = {}  # each on these terms, made once

    def find(self, name: str) -> Performer:
        """Return the performer of that name.

        Raises:
            JobClassNotFound: nothing is registered by that name.
        """
        try:
            performer = self._performers[name]
        except KeyError:
            raise JobClassNotFound(name) from None
        ready = self._ready.get(performer)
        if ready is None:
            ready = self._ready[performer] = performer.on(self._terms)
        return ready

    def known(self, name: str) -> Performer | None:
        """Return what is registered by that name, on nobody's terms; None where nothing is."""
        return self._performers.get(name)

    def under(self, terms: Terms) -> Registry:
        """Return the same registry for a node on those terms; what is registered in one is in both."""
        if terms == self._terms:
            return self
        view = Registry(terms)
        view._performers, view._limited = self._performers, self._limited
        return view

    @property
    def limited(self) -> Mapping[str, tuple[Limit, ...]]:
        """The limits of the names that have any; what is registered later is in it too."""
        return self._limited

    def add(self, performer: Performer, aliases: Iterable[str] = ()) -> None:
        """Register a performer; in place of an older one only if that is of the same class, reloaded.

        Raises:
            ValueError: another class has one of the names. Choose another by `@worker(name=...)`. Or another has a
                limit of the same name that means something else.
        """
        names = [performer.name, *aliases]
        for name in names:
            known = self._performers.get(name)
            if known is not None and str(known) != str(performer):
                raise ValueError(f"{performer} can't be registered as {name!r}: {known} is")
        others = [limit for name, limits in self._limited.items() if name not in names for limit in limits]
        for limit in performer.limits:
            other = next((one for one in others if one.name == limit.name and one.meaning != limit.meaning), None)
            if other is not None:
                raise ValueError(f"{performer} can't have limit {limit.name}, {limit}: another class has it as {other}")
        self._performers.update(dict.fromkeys(names, performer))
        for name in names:
            self._limited.pop(name, None)
        if performer.limits:
            self._limited.update(dict.fromkeys(names, performer.limits))

    def names(self) -> list[str]:
        """Return all registered names, sorted."""
        return sorted(self._performers)

    def modules(self) -> list[str]:
        """Return the names of the modules that the registered code is from, sorted."""
        return sorted({performer.target.__module__ for performer in tuple(self._performers.values())})


def _perform_job(perform: Callable[[list[Any]], Any], job: Job) -> Any:
    return perform(job.args)


def _perform_typed(
    perform: Callable[[list[Any]], Any], arguments: TypedArguments, mode: ArgsKeys, args: list[Any]
) -> Any:
    return perform(arguments.read(args, mode))


registry = Registry()
"""The registry of this process, which `@worker` fills and a node reads unless told otherwise."""
