"""Writes prepared jobs to Redis, and says what has become of them where that fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

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
        self._had_jobs: dict[str, bool] = {}  # whether others waited in a queue when it was pushed to last

    def push(self, entry: Entry) -> str:
        """Enqueue or schedule a job; returns its jid, or that of the job which has a lock of its."""
        if entry.is_halted:
            return entry.jid
        if entry.locks:
            return self._write([entry], partial(add, keys=self._keys, entries=[entry])).get(0, entry.jid)
        if entry.score is None:
            self._write([entry], lambda commands: self._push(commands, entry))
        else:
            zadd = ("ZADD", self._keys.schedule, entry.score, entry.payload)
            self._write([entry], lambda commands: commands.call(*zadd))
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
        for number, places in enumerate(servers):
            part = [entries[at] for at in places]
            try:
                holders = self._write(part, partial(add, keys=self._keys, entries=part))
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

    def _push(self, commands: Commands, entry: Entry) -> None:
        has_jobs = self._had_jobs.get(entry.queue, False)
        count = Queue(commands, self._keys, entry.queue).push(entry.payload, has_jobs=has_jobs)
        self._had_jobs[entry.queue] = count > 1

    def _write(self, entries: Sequence[Entry], writing: Callable[[Commands], _T]) -> _T:
        """Write jobs to the Redis of their queue, in one step."""
        pool = self._pools[self._config.redis_url_of(entries[0].queue)]
        return write(pool, self._config, writing, [entry.jid for entry in entries])


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
