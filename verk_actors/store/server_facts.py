"""What a server tells of itself that costs jobs sooner or later, said to whoever runs it.

A node looks whenever it takes its lease: at its start, and after an outage in which it lost it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias

import attrs

from verk_actors.errors import StoreError, StoreUnavailable
from verk_actors.store.commands import Commands

_OLDEST_VERSION = (6, 2)  # has LMOVE and BLMOVE


Topic: TypeAlias = Literal["eviction", "persistence", "version"]
"""What a concern is about."""


@attrs.frozen
class Concern:
    """Something about a server that costs jobs, and its remedy."""

    topic: Topic
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.what}; {self.remedy}"


@attrs.frozen(kw_only=True)
class ServerFacts:
    """What is known of a server; None where it does not say.

    Attributes:
        version: of Redis, or the one that a relative claims to be compatible with.
        eviction_policy: what it drops when it is full, such as `noeviction`.
        persistent: whether it writes its data to disk, in either way.
        role: `master`, or `slave` for a replica.
        product: what it calls itself, as "Valkey 9.1.2".
        uptime_seconds: since it started.
        used_memory_bytes, peak_memory_bytes: of memory, now and at most so far.
        most_memory_bytes: what it may use; 0 for all there is.
        clients: that are connected.
        commands_per_second: lately.
    """

    version: str | None = None
    eviction_policy: str | None = None
    persistent: bool | None = None
    role: str | None = None
    product: str | None = None
    uptime_seconds: int | None = None
    used_memory_bytes: int | None = None
    peak_memory_bytes: int | None = None
    most_memory_bytes: int | None = None
    clients: int | None = None
    commands_per_second: int | None = None

    @classmethod
    def read(cls, commands: Commands) -> ServerFacts:
        """Asks a server. INFO, and CONFIG GET where that leaves a question; raises what `Commands` says."""
        text: bytes = commands.call("INFO")
        info = dict(line.split(":", 1) for line in text.decode("utf-8", "replace").splitlines() if ":" in line)
        persistent = {"1": True, "0": False}.get(info.get("aof_enabled", ""))
        return cls(
            version=info.get("redis_version"),
            eviction_policy=info.get("maxmemory_policy"),
            persistent=_saves_snapshots(commands) if persistent is False else persistent,
            role=info.get("role"),
            product=_product(info),
            uptime_seconds=_count(info, "uptime_in_seconds"),
            used_memory_bytes=_count(info, "used_memory"),
            peak_memory_bytes=_count(info, "used_memory_peak"),
            most_memory_bytes=_count(info, "maxmemory"),
            clients=_count(info, "connected_clients"),
            commands_per_second=_count(info, "instantaneous_ops_per_sec"),
        )

    def concerns(self) -> Iterator[Concern]:
        """Yields each fact that costs jobs."""
        if self.eviction_policy not in (None, "noeviction"):
            policy = f"its maxmemory-policy is {self.eviction_policy}, so it may drop jobs when its memory is full"
            yield Concern("eviction", policy, "set maxmemory-policy noeviction")
        if self.persistent is False:
            what = "it writes nothing to disk, so all jobs are lost when it stops"
            yield Concern("persistence", what, "set appendonly yes")
        if (version := _numbers(self.version)) and version < _OLDEST_VERSION:
            what = f"its version {self.version} lacks commands that are needed"
            yield Concern("version", what, "upgrade to Redis 6.2 or later")


def facts_about(commands: Commands) -> ServerFacts | None:
    """Returns what a server tells; None where its user may not ask.

    Raises:
        StoreUnavailable: it can't be reached.
    """
    try:
        return ServerFacts.read(commands)
    except StoreUnavailable:
        raise
    except StoreError:
        return None


def concerns_about(commands: Commands) -> list[str]:
    """Returns a sentence for each concern about a server; none where its user may not ask."""
    try:
        return list(map(str, ServerFacts.read(commands).concerns()))
    except StoreError:
        return []


def _product(info: Mapping[str, str]) -> str | None:
    """Returns what a server calls itself. A Valkey has the version of the Redis that it is compatible with, too."""
    if "valkey_version" in info:
        return f"Valkey {info['valkey_version']}"
    return f"Redis {info['redis_version']}" if "redis_version" in info else None


def _count(info: Mapping[str, str], name: str) -> int | None:
    text = info.get(name, "")
    return int(text) if text.isdecimal() else None


def _saves_snapshots(commands: Commands) -> bool | None:
    """Returns whether there are times at which a snapshot is written, which INFO does not tell."""
    try:
        found: list[bytes] = commands.call("CONFIG", "GET", "save")
    except StoreError:  # it is dangerous, so few users have the permission, and managed servers lack it
        return None
    return bool(found[1]) if len(found) == 2 else None


def _numbers(version: str | None) -> tuple[int, ...]:
    return tuple(int(part) for part in (version or "").split(".") if part.isdecimal())
