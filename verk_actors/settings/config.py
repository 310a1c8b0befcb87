"""What a node or a client is told before it starts: one frozen record, checked as it is made.

Built from arguments, from the environment (`VERK_*`) or from TOML; `Config.load` reads all three.
Durations are seconds.
Source: spec of Verk's configuration keys; the defaults that differ are ours.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self, get_type_hints

import attrs

from verk_actors.errors import ConfigError
from verk_actors.middleware import ClientMiddleware, WorkerMiddleware
from verk_actors.settings import sources
from verk_actors.settings.address import Address, health_address
from verk_actors.settings.checks import (
    COUNT,
    NAMESPACE,
    NODE_ID,
    PAYLOAD_BYTES,
    PLAIN,
    POSITIVE,
    REFERENCE,
    REFERENCES,
    SECONDS,
    SOME_SECONDS,
    YES_OR_NO,
    as_tuple,
    one_of,
)
from verk_actors.settings.cron import CronConfig, cron_configs
from verk_actors.settings.groups import QueueGroup, all_queues, group_configs
from verk_actors.settings.node_id import GeneratedNodeId, generated_node_id
from verk_actors.settings.queues import QueueConfig, queue_configs, redis_url_of_text
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.settings.references import reference_to
from verk_actors.settings.sources import PARSERS, PARSERS_BY_KEY, Setting
from verk_actors.settings.web_address import WebAddress, web_address
from verk_actors.wire.backoff import Backoff
from verk_actors.wire.results import MAX_BYTES

LogFormat = Literal["text", "logfmt", "json"]
LogLevel = Literal["debug", "info", "warning", "error", "critical"]

ArgsKeys = Literal["plain", "typed", "strict"]
"""How arguments meet `perform`: as JSON has them, as its annotations say, or so and no unknown key is put up with."""

_WireFormat = Literal["sidekiq", "verk"]

_DAY_SECONDS = 86_400.0


@attrs.frozen(kw_only=True)
class Config:
    """Everything that can be set, with a default for each.

    Raises:
        ConfigError: a value isn't allowed; names the key, the value and what is allowed.
    """

    queues: Mapping[str, QueueConfig] = attrs.field(factory=dict, converter=queue_configs)
    """The queues to work, by name; a plain number is a size. None at all makes a producer-only node."""

    groups: Mapping[str, QueueGroup] = attrs.field(factory=dict, converter=group_configs)
    """Groups of queues that share workers, by name."""

    cron: Mapping[str, CronConfig] = attrs.field(factory=dict, converter=cron_configs)
    """The periodic jobs, by name."""

    redis_url: RedisUrl = attrs.field(default=RedisUrl("redis://127.0.0.1:6379/0"), converter=redis_url_of_text)
    """Where Redis is: redis://, rediss://, unix://, redis+sentinel://, redis+cluster:// or embedded:DIRECTORY."""

    node_id: str = attrs.field(factory=generated_node_id, validator=NODE_ID)
    """The name under which this node holds jobs in progress. Give one to get them back at the next start."""

    namespace: str = attrs.field(default="", validator=NAMESPACE)
    """A prefix of every key, without its colon; empty for none."""

    wire_format: _WireFormat = attrs.field(default="sidekiq", validator=one_of(_WireFormat))
    """The form in which jobs are written; both are always read."""

    args_keys: ArgsKeys = attrs.field(default="typed", validator=one_of(ArgsKeys))
    """How arguments meet `perform`: plain as JSON has them, typed by its annotations, strict without unknown keys."""

    client_middleware: tuple[ClientMiddleware | str, ...] = attrs.field(
        default=(), converter=as_tuple, validator=[REFERENCES, PLAIN]
    )
    """What jobs pass before they are written, the outermost first; plain functions."""

    worker_middleware: tuple[WorkerMiddleware | str, ...] = attrs.field(
        default=(), converter=as_tuple, validator=REFERENCES
    )
    """What stands around each run of a job, the outermost first."""

    max_retry_count: int = attrs.field(default=25, validator=COUNT)
    """Retries after the first failed run, for jobs that don't say."""

    backoff: Backoff | str | None = attrs.field(default=None, validator=attrs.validators.optional(REFERENCE))
    """What says how long a failed job waits for its retry, unless its class does; None for the usual curve."""

    max_recoveries: int = attrs.field(default=3, validator=COUNT)
    """How often a job may come back from a node that died while it ran, within 72 hours, before it is buried."""

    max_dead_jobs: int = attrs.field(default=10_000, validator=COUNT)
    """How many dead jobs are kept, the youngest."""

    dead_timeout_seconds: float = attrs.field(default=180 * _DAY_SECONDS, validator=SECONDS)
    """How long a dead job is kept."""

    max_payload_bytes: int = attrs.field(default=1 << 20, validator=PAYLOAD_BYTES)
    """The longest payload that a client enqueues. Nodes read up to 16 MiB."""

    max_result_bytes: int = attrs.field(default=MAX_BYTES, validator=PAYLOAD_BYTES)
    """The longest JSON that is kept of what a job sets or returns as its result."""

    wait_replicas: int = attrs.field(default=0, validator=COUNT)
    """How many replicas of the Redis must have a job before `enqueue` and `schedule` return."""

    wait_replicas_seconds: float = attrs.field(default=1.0, validator=SOME_SECONDS)
    """How long that is waited for."""

    processes: int = attrs.field(default=1, validator=POSITIVE)
    """Nodes that `verk run` starts, each a process of its own; a program that starts a node starts one."""

    heartbeat_seconds: float = attrs.field(default=10.0, validator=SOME_SECONDS)
    """Time from one renewal of the node's lease to the next."""

    presence: bool = attrs.field(default=True, validator=YES_OR_NO)
    """Whether the node and its running jobs are among Sidekiq's processes, and heed what its page wants."""

    health: Address | None = attrs.field(default=None, converter=health_address)
    """Where the node answers `/healthz` and `/readyz`, as PORT or HOST:PORT; None for nowhere."""

    poll_interval_seconds: float = attrs.field(default=5.0, validator=SOME_SECONDS)
    """Longest time between two looks at the schedule and retry sets."""

    block_seconds: float = attrs.field(default=4.0, validator=SOME_SECONDS)
    """How long one blocking wait for a job lasts."""

    shutdown_timeout_seconds: float = attrs.field(default=30.0, validator=SECONDS)
    """How long a stop waits for running jobs before it hands them back."""

    cancel_grace_seconds: float = attrs.field(default=5.0, validator=SECONDS)
    """How long a job that is cancelled may take to end before it is left, or its process killed."""

    stuck_job_seconds: float = attrs.field(default=600.0, validator=SECONDS)
    """How long a job may run before listeners and the log are told that it may be stuck; 0 for never."""

    backtrace_frames: int = attrs.field(default=25, validator=COUNT)
    """Frames kept of a failed job's traceback."""

    web: WebAddress | None = attrs.field(default=None, converter=web_address)
    """Where the node serves the dashboard; nowhere unless given."""

    redact: Callable[[str, list[Any]], Sequence[Any]] | str | None = attrs.field(
        default=None, validator=attrs.validators.optional(REFERENCE)
    )
    """What dashboards show of arguments, of the name of a job class and its arguments; None for all."""

    event_buffer: int = attrs.field(default=10_000, validator=POSITIVE)
    """Events a listener may lag behind before it misses some."""

    max_restarts: int = attrs.field(default=3, validator=COUNT)
    """Restarts within `restart_window_seconds` that a supervisor puts up with."""

    restart_window_seconds: float = attrs.field(default=5.0, validator=SOME_SECONDS)
    """The window over which restarts are counted."""

    log_format: LogFormat = attrs.field(default="text", validator=one_of(LogFormat))
    """What `verk run` writes log lines as."""

    start_job_log_level: LogLevel = attrs.field(default="info", validator=one_of(LogLevel))
    """Level of the line for a job that starts."""

    done_job_log_level: LogLevel = attrs.field(default="info", validator=one_of(LogLevel))
    """Level of the line for a job that finished."""

    fail_job_log_level: LogLevel = attrs.field(default="info", validator=one_of(LogLevel))
    """Level of the line for a job that failed."""

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "redis_url", self.redis_url.within(self.namespace))
        if any(queue.executor == "process" for queue in self.queues.values()):
            self.worker_middleware_references()
        urls = self.redis_urls
        if len(urls) > len(set(map(str, urls))):
            raise ConfigError("queues", str(urls[-1]), "each Redis under one user and password")

    @property
    def node_id_fixed(self) -> bool:
        """Whether the node id was chosen, so that this node's next start bears it too."""
        return not isinstance(self.node_id, GeneratedNodeId)

    @property
    def lease_seconds(self) -> float:
        """How long this node's jobs stay its own after its last heartbeat: two heartbeats."""
        return 2 * self.heartbeat_seconds

    @property
    def all_queues(self) -> Mapping[str, QueueConfig]:
        """The queues to work, alone or in groups."""
        return all_queues(self.queues, self.groups)

    @property
    def redis_urls(self) -> tuple[RedisUrl, ...]:
        """The Redis of the system, then those that queues have of their own."""
        return tuple(dict.fromkeys((self.redis_url, *map(self.redis_url_by, self.all_queues.values()))))

    def redis_url_of(self, queue: str) -> RedisUrl:
        """Return where a queue is: where it says, else where the system is."""
        settings: QueueConfig | None = self.queues.get(queue)
        if settings is None:
            settings = next((group for group in self.groups.values() if queue in group.queues), None)
        return self.redis_url if settings is None else self.redis_url_by(settings)

    def redis_url_by(self, settings: QueueConfig) -> RedisUrl:
        """Return where a queue with these settings is."""
        return self.redis_url if settings.redis_url is None else settings.redis_url.within(self.namespace)

    def worker_middleware_references(self) -> list[str]:
        """Return where the worker middleware is, for other processes.

        Raises:
            ConfigError: one of them is not at the top of its module.
        """
        return [reference_to("worker_middleware", one) for one in self.worker_middleware]

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ, **overrides: Any) -> Self:
        """Return the settings of the `VERK_*` variables, beneath the arguments that aren't None.

        Raises:
            ConfigError: also for a `VERK_*` variable that is no setting.
        """
        return cls._merged(overrides, sources.from_environment(environ, _parsers()))

    @classmethod
    def from_toml(cls, path: str | os.PathLike[str], **overrides: Any) -> Self:
        """Return the settings of a TOML file, beneath the arguments that aren't None.

        In a file called pyproject.toml it is the table `[tool.verk]`, elsewhere the top level.

        Raises:
            ConfigError: also for a key that is no setting, and for a file that can't be read.
        """
        return cls._merged(overrides, sources.from_toml(Path(path), _keys(Config)))

    @classmethod
    def load(cls, **overrides: Any) -> Self:
        """Return the settings in force here: arguments, then `VERK_*`, then a file, then defaults.

        The file is verk.toml, or else `[tool.verk]` of pyproject.toml, in the current directory.
        """
        return cls._merged(overrides, *_sources())

    @staticmethod
    def origins() -> dict[str, str]:
        """Return whence `load` has each setting that it finds: a variable or a file, by key; the rest are defaults.

        Raises:
            ConfigError: as `load`, but for values.
        """
        return {key: setting.origin for source in reversed(_sources()) for key, setting in source.items()}

    @classmethod
    def _merged(cls, overrides: Mapping[str, Any], *beneath: Mapping[str, Setting]) -> Self:
        arguments = {key: value for key, value in overrides.items() if value is not None}
        sources.refuse_unknown(arguments, _keys(Config), "argument")
        found = {key: setting for source in reversed(beneath) for key, setting in source.items()}
        values: dict[str, Any] = {key: setting.value for key, setting in found.items()}
        try:
            return cls(**values | arguments)
        except ConfigError as error:
            key = error.key.partition(".")[0]
            if key in arguments or key not in found:
                raise
            raise ConfigError(f"{error.key} ({found[key].origin})", error.value, error.allowed) from None


def _sources() -> tuple[dict[str, Setting], dict[str, Setting]]:
    """Return the settings of the environment, and those of the file in the current directory."""
    file = next((path for path in (Path("verk.toml"), Path("pyproject.toml")) if path.is_file()), None)
    variables = sources.from_environment(os.environ, _parsers())
    return variables, sources.from_toml(file, _keys(Config)) if file else {}


def _keys(cls: type[attrs.AttrsInstance]) -> list[str]:
    return [field.name for field in attrs.fields(cls)]


def _parsers() -> dict[str, Callable[[str], object]]:
    types = get_type_hints(Config)
    return {key: PARSERS.get(types[key], str) for key in _keys(Config)} | dict(PARSERS_BY_KEY)
