"""Writes prepared jobs to Redis, and says what has become of them where that fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import methodcaller
from typing import TypeVar

import attrs

from verk_actors.errors import EnqueuedInPart, EnqueueUncertain, StoreError, StoreUnavailable
from verk_actors.settings.config import Config
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.store.commands import Commands
from verk_actors.store.entries import Entry, add
from verk_actors.store.pool import Pool
from verk_actors.store.queue import Queue
from verk_actors.wire.keys import Keys

_T = TypeVar("_T")


class Pusher:
    """Pushes jobs to the Redis of their queue; may be shared by all threads."""

    def __init__(self, config: Config, keys: Keys, pools: Mapping[RedisUrl, Pool]) -> None:
        self._config = config
        self._keys = keys
        self._pools = pools
        self._targets: dict[str, _Target] = {}  # by queue

    def push(self, entry: Entry) -> str:
        """Enqueue or schedule a job; returns its jid, or that of the job which has a lock of its."""
        if entry.is_halted:
            return entry.jid
        target, jids = self._targets.get(entry.queue) or self._new_target(entry.queue), [entry.jid]
        if entry.locks:
            adding = partial(add, keys=self._keys, entries=[entry])
            return write(target.pool, self._config, adding, jids).get(0, entry.jid)
        if entry.score is None:
            pushing: Callable[[Commands], object] = partial(target.push, entry.payload)
        else:
            pushing = methodcaller("call", "ZADD", self._keys.schedule, entry.score, entry.payload)
        write(target.pool, self._config, pushing, jids)
        return entry.jid

    def push_all(self, entries: Sequence[Entry]) -> list[str]:
        """Enqueue and schedule jobs, those of each Redis in one step; returns what `push` would for each.

        Where one Redis fails, stop and say what has become of which job.
        """
        jids = [entry.jid for entry in entries]
        of_server: dict[RedisUrl, list[int]] = {}
        server_of = {queue: self._config.redis_url_of(queue) for queue in {entry.queue for entry in entries}}
        for at, entry in enumerate(entries):
            if not entry.is_halted:
                of_server.setdefault(server_of[entry.queue], []).append(at)
        servers = list(of_server.values())
        for number, (server, places) in enumerate(of_server.items()):
            part = [entries[at] for at in places]
            try:
                pool, writing = self._pools[server], partial(add, keys=self._keys, entries=part)
                holders = write(pool, self._config, writing, [entry.jid for entry in part])
            except StoreError as error:
                raise self._in_part(error, entries, servers, number) from error
            for at, holder in holders.items():
                jids[places[at]] = holder
        return jids

    def _in_part(
        self, error: StoreError, entries: Sequence[Entry], servers: Sequence[Sequence[int]], failed: int
    ) -> StoreError:
        """Return the error that says what has become of the jobs, when one of their servers has failed."""
        is_uncertain = isinstance(error, EnqueueUncertain)
        enqueued, uncertain, left = (
            tuple(entries[at].jid for places in part for at in places)
            for part in (
                servers[:failed],
                servers[failed : failed + 1] if is_uncertain else [],
                servers[failed + 1 if is_uncertain else failed :],
            )
        )
        if not enqueued and not (uncertain and left):
            return error  # the same holds for all
        return EnqueuedInPart(error.operation, error.key, error.why, enqueued, uncertain, left)

    def _new_target(self, queue: str) -> _Target:
        pool = self._pools[self._config.redis_url_of(queue)]
        target = self._targets[queue] = _Target(pool, Queue(pool, self._keys, queue))
        return target


@attrs.define(eq=False)
class _Target:
    """Where the jobs of one queue go.

    Attributes:
        has_jobs: others waited there when a job was pushed last.
    """

    pool: Pool
    queue: Queue
    has_jobs: bool = False

    def push(self, payload: bytes, over: Commands) -> None:
        """Push a job."""
        self.has_jobs = self.queue.push(payload, has_jobs=self.has_jobs, over=over) > 1


def write(pool: Pool, config: Config, writing: Callable[[Commands], _T], jids: Sequence[str]) -> _T:
    """Write jobs in one step, to as many replicas as the configuration wants; returns what `writing` does.

    Raises:
        EnqueueUncertain: it is unknown whether they were written; it names their `jids`.
        StoreUnavailable, StoreError: they were not.
    """
    try:
        return pool.replicated(writing, config.wait_replicas, config.wait_replicas_seconds)
    except StoreUnavailable as error:
        if error.sent:
            raise EnqueueUncertain(error.operation, error.key, error.why, jids[0], jids=tuple(jids)) from error
        raise
