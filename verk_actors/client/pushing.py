"""Writes prepared jobs to Redis, and says what has become of them where that fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from verk_actors.client.preparing import Part, jids_of
from verk_actors.config import Config, RedisUrl
from verk_actors.errors import EnqueuedInPart, EnqueueUncertain, StoreError, StoreUnavailable
from verk_actors.store.commands import Commands
from verk_actors.store.pool import Pool
from verk_actors.store.queue import Queue
from verk_actors.wire.keys import Keys


class Pusher:
    """Pushes jobs to the Redis of their queue; may be shared by all threads."""

    def __init__(self, config: Config, keys: Keys, pools: Mapping[RedisUrl, Pool]) -> None:
        self._config = config
        self._keys = keys
        self._pools = pools
        self._had_jobs: dict[str, bool] = {}  # whether others waited in a queue when it was pushed to last

    def push_all(self, parts: Sequence[Part]) -> None:
        """Push one part after the other; where one fails, stop and say what has become of which job."""
        for at, part in enumerate(parts):
            try:
                self.push(part)
            except StoreError as error:
                uncertain = part.jids if isinstance(error, EnqueueUncertain) else ()
                enqueued, left = jids_of(parts[:at]), jids_of(parts[at + 1 if uncertain else at :])
                if not enqueued and not (uncertain and left):
                    raise  # the same holds for all
                raise EnqueuedInPart(error.operation, error.key, error.why, enqueued, tuple(uncertain), left) from error

    def push(self, part: Part) -> None:
        """Push jobs to their queue, in one step."""
        if not part.payloads:
            return  # halted by a middleware

        def push(commands: Commands) -> None:
            has_jobs = self._had_jobs.get(part.queue, False)
            count = Queue(commands, self._keys, part.queue).push(*part.payloads, has_jobs=has_jobs)
            self._had_jobs[part.queue] = count > len(part.payloads)

        self._write(part, push)

    def schedule(self, part: Part, score: float) -> None:
        """Put one job among the scheduled ones."""
        if part.payloads:  # else a middleware halted it
            [payload] = part.payloads
            self._write(part, lambda commands: commands.call("ZADD", self._keys.schedule, score, payload))

    def _write(self, part: Part, write: Callable[[Commands], object]) -> None:
        """Write jobs to the Redis of their queue, in one step."""
        config = self._config
        pool = self._pools[config.redis_url_of(part.queue)]
        try:
            pool.replicated(write, config.wait_replicas, config.wait_replicas_seconds)
        except StoreUnavailable as error:
            if error.sent:
                jids = tuple(part.jids)
                raise EnqueueUncertain(error.operation, error.key, error.why, jids[0], jids=jids) from error
            raise
