"""How many jobs may run at a time, or start within a time: what job classes and queues share by a name."""

from __future__ import annotations

import hashlib
import inspect
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import attrs

from verk_actors.errors import ConfigError
from verk_actors.settings.checks import NODE_ID, POSITIVE, SOME_SECONDS, allow, one_of
from verk_actors.settings.sources import refuse_unknown

_AT_ONCE_MICROS = 100_000  # a burst is for that long, unless it is given: waiting jobs are not called one by one
_LONGEST_KEY = 100  # characters; of what is longer a digest is taken
_OPTIONAL_COUNT = attrs.validators.optional(POSITIVE)
_KEY = allow(
    "the name of a parameter of the perform, or the index of an argument",
    lambda value: value is None or (isinstance(value, str) and value != "") or (type(value) is int and value >= 0),
)


@attrs.frozen
class Limit:
    """A limit for all jobs of the classes and queues that name it; with a key, for those of each value of an argument.

    It is of one of two kinds: of `concurrency`, or of `rate`. A job that has several limits starts when all of them
    let it.

    Raises:
        ConfigError: a value isn't allowed, or it is of neither kind or of both.
    """

    name: str = attrs.field(validator=NODE_ID)
    """What it is shared by, among all nodes."""

    concurrency: int | None = attrs.field(default=None, validator=_OPTIONAL_COUNT, kw_only=True)
    """How many of the jobs run at a time."""

    per: Literal["cluster", "node"] = attrs.field(
        default="cluster", validator=one_of(Literal["cluster", "node"]), kw_only=True
    )
    """Whether that is in the whole cluster, or on each node."""

    rate: int | None = attrs.field(default=None, validator=_OPTIONAL_COUNT, kw_only=True)
    """How many of the jobs start within `period_seconds`, in the whole cluster."""

    period_seconds: float = attrs.field(default=1.0, validator=SOME_SECONDS, kw_only=True)
    """The time within which `rate` of them start."""

    burst: int | None = attrs.field(default=None, validator=_OPTIONAL_COUNT, kw_only=True)
    """How many may start at once after a pause; unless given, as many as the rate has in a tenth of a second, one at
    least."""

    key: str | int | None = attrs.field(default=None, validator=_KEY, kw_only=True)
    """The parameter, or the index of the argument, for each value of which the limit holds; None for all jobs
    together."""

    def __attrs_post_init__(self) -> None:
        if (self.concurrency is None) == (self.rate is None):
            raise ConfigError("limit", self.name, "a concurrency, or else a rate")
        if self.rate is None and self.burst is not None:
            raise ConfigError("burst", self.burst, "of a rate alone")
        if self.rate is not None and self.per != "cluster":
            raise ConfigError("per", self.per, "cluster, for a rate")

    @property
    def interval_micros(self) -> int:
        """The time from one start to the next at an even rate, in whole microseconds; never too short."""
        return math.ceil(self.period_seconds * 1_000_000 / (self.rate or 1))

    @property
    def at_once(self) -> int:
        """How many may start at once after a pause, of a rate."""
        return self.burst or max(1, _AT_ONCE_MICROS // self.interval_micros)

    @property
    def meaning(self) -> Limit:
        """The limit but for which argument its key is: what all who name it have to agree in."""
        return attrs.evolve(self, key=None if self.key is None else 0)

    def __str__(self) -> str:
        each = "" if self.key is None else f" for each {self.key}" if isinstance(self.key, str) else " for each value"
        if self.concurrency is not None:
            return f"{self.concurrency} at a time{' on each node' if self.per == 'node' else ''}{each}"
        burst = f", {self.at_once} at once" if self.at_once > 1 else ""
        return f"{self.rate} in {self.period_seconds:g} s{burst}{each}"

    def id_for(self, args: Sequence[Any], signature: inspect.Signature | None) -> str:
        """Return what the limit is called in Redis for a job with these arguments: its name, or `NAME:VALUE`.

        Args:
            args: those of the job, JSON values.
            signature: of the perform that gets them; None where it is not known.
        """
        if self.key is None:
            return self.name
        return f"{self.name}:{_text_of(_argument(self.key, args, signature))}"

    def fits(self, signature: inspect.Signature) -> bool:
        """Return whether jobs of a perform have the argument that the key names."""
        names = [name for name, one in signature.parameters.items() if one.kind is not one.VAR_POSITIONAL]
        return not isinstance(self.key, str) or self.key in names


def limits_of(value: object) -> tuple[Limit, ...]:
    """Return limits given as one or as several, each as it is or as a table of its fields.

    Raises:
        ConfigError: one of them isn't allowed, or two have one name.
    """
    given = value if isinstance(value, list | tuple) else (value,)
    limits = tuple(map(_limit_of, given))
    names = [limit.name for limit in limits]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError("limits", name, "each name once")
    return limits


def name_of_id(id_: str) -> str:
    """Return the name of the limit that an id is of."""
    return id_.partition(":")[0]


def _limit_of(value: object) -> Limit:
    if isinstance(value, Limit):
        return value
    if not isinstance(value, Mapping) or "name" not in value:
        raise ConfigError("limits", value, 'limits, like {name = "api", concurrency = 5}')
    refuse_unknown(value, [field.name for field in attrs.fields(Limit)], "key of limits")
    return Limit(**value)


def _argument(key: str | int, args: Sequence[Any], signature: inspect.Signature | None) -> Any:
    """Return the argument that a key means: its default where the job leaves it out, None where nothing is known."""
    parameters = {} if signature is None else dict(signature.parameters)
    if isinstance(key, str):
        if key not in parameters:
            return None
        key = list(parameters).index(key)
    if key < len(args):
        return args[key]
    default = list(parameters.values())[key].default if key < len(parameters) else None
    return None if default is inspect.Parameter.empty else default


def _text_of(value: Any) -> str:
    """Return a value as it is seen in an id: a text as it is, anything else as JSON; of what is long, a digest."""
    try:
        text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), sort_keys=True)
    except (TypeError, ValueError):  # a default that is no JSON
        text = str(value)
    if text.isprintable() and len(text) <= _LONGEST_KEY:
        return text
    return f"sha256-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"
