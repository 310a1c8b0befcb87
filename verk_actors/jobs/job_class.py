"""Job classes: `@worker` registers a class or a function under a name and lets it build its own jobs.

What a worker does with the name is in `verk_actors.jobs.registry`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import partial, update_wrapper
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, Unpack, overload

import attrs

from verk_actors.jobs.arguments import TypedArguments
from verk_actors.jobs.builder import JobBuilder
from verk_actors.jobs.registry import Performer, Registry, registry
from verk_actors.settings.config import ArgsKeys
from verk_actors.settings.limit import Limit, limits_of
from verk_actors.wire.backoff import Backoff
from verk_actors.wire.cron_schedule import CronSchedule
from verk_actors.wire.job import Job, JobOptions

_P = ParamSpec("_P")
_R = TypeVar("_R")
_C = TypeVar("_C")
_BUILDER = "_verk_job_builder"


class Performs(Protocol[_P]):
    """Any class with a perform: for type checkers, which get the parameters of `job` from it."""

    def perform(self, *args: _P.args, **kwargs: _P.kwargs) -> Any:
        """Run one job."""


class JobClass:
    """The base of job classes: gives `job` and `with_options` the types of the class' own perform.

    Under `@worker` any class with a perform gets both; type checkers know of them through this base.
    """

    @classmethod
    def job(cls: type[Performs[_P]], *args: _P.args, **kwargs: _P.kwargs) -> Job:
        """Return a job with these arguments of the perform; keyword ones become positional.

        Raises:
            TypeError: the perform can't be called with them.
        """
        return _builder_of(cls).job(*args, **kwargs)

    @classmethod
    def with_options(cls: type[Performs[_P]], **options: Unpack[JobOptions]) -> JobBuilder[_P]:
        """Return a builder of jobs that differ from the registered options where one is given; None is not given."""
        return _builder_of(cls).with_options(**options)


class JobFunction(Generic[_P, _R]):
    """A registered function: callable as before, and a builder of its jobs."""

    __name__: str

    def __init__(self, function: Callable[_P, _R], builder: JobBuilder[_P]) -> None:
        update_wrapper(self, function)
        self._function = function
        self._builder = builder
        self.job = builder.job
        self.with_options = builder.with_options

    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        """Call the function, here and now."""
        return self._function(*args, **kwargs)


class _Decorator(Protocol):
    @overload
    def __call__(self, target: type[_C], /) -> type[_C]: ...  # type: ignore[overload-overlap]  # as below
    @overload
    def __call__(self, target: Callable[_P, _R], /) -> JobFunction[_P, _R]: ...


@overload
def worker(target: type[_C], /) -> type[_C]: ...  # type: ignore[overload-overlap]  # a class is callable too
@overload
def worker(target: Callable[_P, _R], /) -> JobFunction[_P, _R]: ...
@overload
def worker(
    *,
    name: str | None = None,
    aliases: list[str] | tuple[str, ...] = (),
    args_keys: ArgsKeys | None = None,
    backoff: Backoff | None = None,
    cron: str | CronSchedule | None = None,
    timezone: str = "UTC",
    limits: Limit | Sequence[Limit] = (),
    registry: Registry = registry,
    **options: Unpack[JobOptions],
) -> _Decorator: ...
def worker(
    target: Any = None,
    /,
    *,
    name: str | None = None,
    aliases: list[str] | tuple[str, ...] = (),
    args_keys: ArgsKeys | None = None,
    backoff: Backoff | None = None,
    cron: str | CronSchedule | None = None,
    timezone: str = "UTC",
    limits: Limit | Sequence[Limit] = (),
    registry: Registry = registry,
    **options: Unpack[JobOptions],
) -> Any:
    """Register a class with a perform, or a function, as what runs the jobs of a name.

    A class may have `retry_at(failed_at, attempt)`, which returns the unix seconds of the next attempt.

    Args:
        target: the class or function, if used without parentheses.
        name: what jobs call it, such as `Billing::Invoice`; its own name if not given.
        aliases: further names by which jobs may call it.
        args_keys: "plain" hands it arguments as JSON has them, "typed" as its annotations say, and "strict" so and no
            unknown keys; the configured way if not given.
        backoff: says how many seconds to wait after a failed run, by its number (from 1) and its `Failure`; unless the
            class has a `retry_at`, which goes first. The configured one if not given.
        cron: when nodes that have the class enqueue a job of it, without arguments, by themselves; never if not given.
        timezone: the time zone of the schedule, where that is a text.
        limits: how many of its jobs run at a time, or start within a time, whoever enqueues them. A job that has no
            room waits in Redis, and the others of its queue do not wait for it.
        registry: where to register it.
        options: of all its jobs, such as `queue` and `max_retry_count`; what they mean is said at `Job`. `dead` and
            `max_retry_count` hold for jobs that others enqueue too, where those leave their retries open.
            `max_retry_count=0, dead=False` is Sidekiq's `retry: false`: a job that fails is gone.

    Raises:
        TypeError: no job can run it, jobs have no such option, or no such argument as the key of a limit names.
        ValueError: another class has one of the names, or a limit of the same name that means something else.
        InvalidJob: an option can't be that of a job.
        InvalidCron: there are no such times.
    """
    schedule = CronSchedule(cron, timezone=timezone) if isinstance(cron, str) else cron

    def register(target: Any) -> Any:
        class_ = str(name or getattr(target, "__name__", ""))
        builder = _builder(class_, target, options, args_keys)
        if schedule is not None:
            builder.job()  # raises where it needs arguments
        found = _performer_of(builder, target)
        performer = attrs.evolve(found, backoff=backoff, schedule=schedule, limits=limits_of(limits))
        for limit in performer.limits:
            if performer.signature is not None and not limit.fits(performer.signature):
                raise TypeError(f"{class_}: its jobs have no argument {limit.key!r}, the key of limit {limit.name}")
        registry.add(performer, aliases)
        if not isinstance(target, type):
            return JobFunction(target, builder)
        setattr(target, _BUILDER, builder)
        for method in ("job", "with_options"):
            if not hasattr(target, method):
                setattr(target, method, vars(JobClass)[method])
        return target

    return register if target is None else register(target)


def _builder_of(cls: type[Performs[_P]]) -> JobBuilder[_P]:
    builder: JobBuilder[_P] | None = vars(cls).get(_BUILDER)  # its own: a parent's would build other jobs
    if builder is None:
        raise TypeError(f"{cls.__qualname__} isn't registered: decorate it with @worker")
    return builder


def name_of(target: Any) -> str:
    """Return the name of the jobs of a class or function under `@worker`, a builder of them, or a name.

    Raises:
        TypeError: it is none of these.
    """
    if isinstance(target, str):
        return target
    if isinstance(target, JobFunction):
        target = target._builder
    return target.class_ if isinstance(target, JobBuilder) else _builder_of(target).class_


def performer_of(name: str, target: Any) -> Performer:
    """Return what runs the jobs of a name by a class or function, with the options it has under `@worker`, if any."""
    if isinstance(target, JobFunction):
        builder, target = target._builder, target._function
    else:
        builder = vars(target).get(_BUILDER) or _builder(name, target)
    return attrs.evolve(_performer_of(builder, target), name=name)


def _builder(
    class_: str, target: Any, options: JobOptions | None = None, args_keys: ArgsKeys | None = None
) -> JobBuilder[...]:
    signature = _signature_of(target)
    arguments = None if args_keys == "plain" else TypedArguments.of(class_, _function_of(target), signature)
    return JobBuilder(class_, options or {}, signature, args_keys, arguments)


def _performer_of(builder: JobBuilder[...], target: Any) -> Performer:
    is_class = isinstance(target, type)
    return Performer(
        name=builder.class_,
        queue=builder.options.get("queue"),
        max_retry_count=builder.options.get("max_retry_count"),
        dead=builder.options.get("dead") is not False,
        options=builder.options,
        target=target,
        perform=partial(_perform_by_instance if is_class else _perform_by_function, target),
        is_async=inspect.iscoroutinefunction(_function_of(target)),
        retry_at=partial(_retry_at_by_instance, target) if is_class and hasattr(target, "retry_at") else None,
        args_keys=builder.args_keys,
        arguments=builder.arguments,
        signature=builder.signature,
    )


def _function_of(target: Any) -> Any:
    return getattr(target, "perform", None) if isinstance(target, type) else target


def _perform_by_instance(cls: Any, args: list[Any]) -> Any:
    return cls().perform(*args)


def _perform_by_function(function: Any, args: list[Any]) -> Any:
    return function(*args)


def _retry_at_by_instance(cls: Any, failed_at: float, attempt: int) -> float:
    at: float = cls().retry_at(failed_at, attempt)
    return at


def _signature_of(target: Any) -> inspect.Signature:
    """Return the parameters that a job's arguments fill, or raise a TypeError if no job can run this."""
    is_class = isinstance(target, type)
    function = getattr(target, "perform", None) if is_class else target
    if not callable(function):
        raise TypeError(f"{target!r} is neither a class with a perform nor a function")
    if any(test(function) for test in _CALLED_WITHOUT_RUNNING):
        raise TypeError(f"{target!r}: a generator function does nothing when it is called")
    if is_class:
        inspect.signature(target).bind()  # a worker makes an instance, and has nothing to give it
    parameters = list(inspect.signature(function).parameters.values())
    if is_class and inspect.isfunction(inspect.getattr_static(target, "perform")):
        del parameters[0]  # self
    for parameter in parameters:
        if parameter.kind is parameter.KEYWORD_ONLY and parameter.default is parameter.empty:
            raise TypeError(f"{target!r} needs the keyword argument {parameter.name}: jobs have none")
    keywords = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD)
    return inspect.Signature([parameter for parameter in parameters if parameter.kind not in keywords])


_CALLED_WITHOUT_RUNNING = (
    inspect.isgeneratorfunction,
    inspect.isasyncgenfunction,
)
