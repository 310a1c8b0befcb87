"""Builds the jobs of one job class: what `job` and `with_options` of a class or function under `@worker` do."""

from __future__ import annotations

import inspect
import sys
from typing import Any, Generic, ParamSpec, Unpack, cast

import attrs

from verk_actors.jobs.arguments import TypedArguments
from verk_actors.settings.config import ArgsKeys
from verk_actors.wire.job import Job, JobOptions

_P = ParamSpec("_P")


@attrs.frozen
class JobBuilder(Generic[_P]):
    """Builds the jobs of one job class; values that its perform annotates as more than JSON are written as such.

    Raises:
        InvalidJob: an option can't be that of a job.
    """

    class_: str
    options: JobOptions = attrs.field(hash=False)
    signature: inspect.Signature
    args_keys: ArgsKeys | None = None
    arguments: TypedArguments | None = None
    _counts: range = attrs.field(init=False, repr=False, eq=False)
    _template: Job = attrs.field(init=False, repr=False, eq=False)

    @_counts.default
    def _(self) -> range:
        """Return how many arguments the perform can be called with, if all are positional."""
        parameters = self.signature.parameters.values()
        several = any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters)
        named = [parameter for parameter in parameters if parameter.kind is not parameter.VAR_POSITIONAL]
        needed = sum(parameter.default is parameter.empty for parameter in named)
        return range(needed, sys.maxsize if several else len(named) + 1)

    @_template.default
    def _(self) -> Job:
        """Return a job, with its options checked: bad ones are refused here rather than at the first job."""
        if unknown := self.options.keys() - JobOptions.__annotations__.keys():
            raise TypeError(f"{self.class_}: a job has no option {', '.join(sorted(unknown))}")
        return Job(class_=self.class_, args=(), **self.options)

    def job(self, *args: _P.args, **kwargs: _P.kwargs) -> Job:
        """Return a job with these arguments of the perform; keyword ones become positional.

        Raises:
            TypeError: the perform can't be called with them.
        """
        if not kwargs and len(args) in self._counts:
            return self._build(args)
        try:
            bound = self.signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{self.class_}: {error}") from None
        if bound.kwargs:  # a parameter before it was left out: its default has to hold its place
            bound.apply_defaults()
        return self._build(bound.args)

    def with_options(self, **options: Unpack[JobOptions]) -> JobBuilder[_P]:
        """Return a builder whose jobs differ from the registered options where one is given; None is not given."""
        given = {key: value for key, value in options.items() if value is not None}
        return attrs.evolve(self, options=cast(JobOptions, self.options | given))

    def _build(self, args: tuple[Any, ...]) -> Job:
        written = list(args) if self.arguments is None else self.arguments.written(args)
        return Job.of_checked({**self._template.__dict__, "args": written, "extra": {}})
