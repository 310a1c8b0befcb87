"""What the doctor finds, and what it looks at."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Literal, TypeAlias

import attrs

from verk_actors.client import Client
from verk_actors.errors import loggable
from verk_actors.jobs.registry import Registry
from verk_actors.settings.config import Config
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.store.commands import Commands
from verk_actors.store.members import Member
from verk_actors.wire.keys import Keys

_LOOKED_AT = 1000  # jobs of each queue and set

Severity: TypeAlias = Literal["problem", "warning", "note"]
"""Jobs are lost, stand still or will fail; or may be; or it can't be told."""


@attrs.frozen
class Finding:
    """Something that is not as it should be.

    Attributes:
        what: it is, in one sentence.
        remedy: what to do about it.
    """

    severity: Severity
    what: str
    remedy: str


@attrs.define(kw_only=True, eq=False, slots=False)
class Patient:
    """What is looked at.

    Attributes:
        config: the settings in force.
        client: of these.
        servers: those of the settings, by URL.
        registry: the job classes that are known here.
        clock: returns unix seconds, of this machine.
    """

    config: Config
    client: Client
    servers: Mapping[RedisUrl, Commands]
    registry: Registry
    clock: Callable[[], float]

    @property
    def keys(self) -> Keys:
        """The keys of the namespace."""
        return Keys(self.config.namespace)

    @cached_property
    def queues(self) -> Mapping[str, Sequence[Member]]:
        """The first thousand jobs of each queue, those that run next first."""
        names = self.client.queue_names()
        return {name: self.client.queue(name).range(-_LOOKED_AT, -1)[::-1] for name in names}

    @cached_property
    def waiting(self) -> Mapping[str, Sequence[Member]]:
        """The first thousand jobs that are scheduled, or to be retried."""
        sets = {"retry": self.client.retries, "scheduled": self.client.scheduled}
        return {name: jobs.range(0, _LOOKED_AT - 1) for name, jobs in sets.items()}


Check: TypeAlias = Callable[[Patient], Iterator[Finding]]


def word(name: str) -> str:
    """Return a name from Redis as one word of a command, fit to be typed: it may be meant to be more than that."""
    return shlex.quote(loggable(name))
