"""How one queue is worked: the settings of a queue, and how they are read from a mapping of names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import attrs

from verk_actors.errors import ConfigError
from verk_actors.settings.checks import COUNT, POSITIVE, SECONDS, one_of
from verk_actors.settings.limit import Limit, limits_of
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.settings.tables import by_name

Executor = Literal["thread", "process", "async"]
"""What runs a queue's jobs: a thread each, an operating-system process each, or one event loop for all."""


def redis_url_of_text(url: str | RedisUrl) -> RedisUrl:
    """Return a URL that may be a text as one."""
    return url if isinstance(url, RedisUrl) else RedisUrl(url)


_NEEDS_EXECUTOR: Mapping[str, tuple[Executor, ...]] = {
    "timeout_seconds": ("process", "async"),
    "recycle_after_jobs": ("process",),
    "recycle_above_megabytes": ("process",),
}


@attrs.frozen(kw_only=True)
class QueueConfig:
    """How one queue is worked."""

    size: int = attrs.field(default=25, validator=POSITIVE)
    """Workers, so jobs of this queue that this node runs at once."""

    prefetch: int = attrs.field(default=0, validator=COUNT)
    """Jobs fetched beyond those that an idle worker can start."""

    executor: Executor = attrs.field(default="thread", validator=one_of(Executor))
    """What each job runs in."""

    timeout_seconds: float = attrs.field(default=0.0, validator=SECONDS)
    """How long one run may take before it is ended and has failed; 0 for any time. No thread can be ended."""

    recycle_after_jobs: int = attrs.field(default=0, validator=COUNT)
    """Jobs after which a worker's process is replaced by a fresh one; 0 for never."""

    recycle_above_megabytes: int = attrs.field(default=0, validator=COUNT)
    """Resident memory (of 1,000,000 bytes) from which on a worker's process is replaced after its job; 0 for never."""

    limits: tuple[Limit, ...] = attrs.field(default=(), converter=limits_of)
    """How many of its jobs run at a time, or start within a time, on all nodes; beside what their classes say."""

    redis_url: RedisUrl | None = attrs.field(default=None, converter=attrs.converters.optional(redis_url_of_text))
    """The Redis of this queue, where its jobs, retries, schedule and dead are; the system's own unless given."""

    def __attrs_post_init__(self) -> None:
        for key, executors in _NEEDS_EXECUTOR.items():
            value = getattr(self, key)
            if value and self.executor not in executors:
                raise ConfigError(key, value, f"0, unless the executor is {' or '.join(executors)}")


def queue_configs(queues: Mapping[str, QueueConfig | int]) -> Mapping[str, QueueConfig]:
    """Return queues by name with their settings; a plain number is a size.

    Raises:
        ConfigError: a name or a setting isn't allowed.
    """
    return by_name("queues", queues, QueueConfig, _table, allowed='queue names with their sizes, like {"default": 25}')


def _table(_: str, settings: object) -> Mapping[str, Any]:
    return settings if isinstance(settings, Mapping) else {"size": settings}
