"""Enqueues and schedules jobs, and looks at what is in Redis; starts no thread and needs no ActorSystem."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import datetime

import attrs

from verk_actors.config import Config
from verk_actors.errors import EnqueueUncertain, InvalidJob, StoreUnavailable
from verk_actors.store.commands import Commands
from verk_actors.store.counters import Counters
from verk_actors.store.job_sets import DeadSet, RetrySet, ScheduleSet
from verk_actors.store.nodes import Nodes
from verk_actors.store.pool import Pool
from verk_actors.store.queue import Queue, queue_names
from verk_actors.wire.codec import encode
from verk_actors.wire.jid import new_jid
from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys


class Client:
    """The door for programs that make jobs; one may be shared by all threads.

    Args:
        config: where Redis is, the namespace and the wire format.
        clock: returns unix seconds; for tests.

    Attributes:
        retries, scheduled, dead: the sets of jobs, those of queues with a Redis of their own included.
        nodes: the registry of nodes of each Redis, the system's own first.
        counters: what has been processed and failed.
    """

    def __init__(self, config: Config, *, clock: Callable[[], float] = time.time) -> None:
        self._config = config
        self._clock = clock
        self._keys = Keys(config.namespace)
        self._pools = {url: Pool(url, name="verk:client") for url in config.redis_urls}
        pools = tuple(self._pools.values())
        self.retries = RetrySet(pools, self._keys)
        self.scheduled = ScheduleSet(pools, self._keys)
        self.dead = DeadSet(pools, self._keys)
        self.nodes = tuple(Nodes(pool, self._keys) for pool in pools)
        self.counters = Counters(pools, self._keys)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; the client may be used again and opens new ones."""
        for pool in self._pools.values():
            pool.close()

    def enqueue(self, job: Job) -> str:
        """Put a job into its queue, to run as soon as a worker is free; returns its jid.

        Raises:
            InvalidJob: it can't be written; the error names the field.
            StoreUnavailable: Redis can't be reached; the job was not enqueued.
            EnqueueUncertain: the reply was lost; the job may have been enqueued. Or it was, but too few
                replicas (`wait_replicas`) have it, so that a failover may lose it.
        """
        now = self._clock()
        job = self._completed(job, now, enqueued_at=now)
        payload = encode(job, wire_format=self._config.wire_format)
        return self._pushed(job, lambda commands: Queue(commands, self._keys, str(job.queue)).push(payload))

    def schedule(self, job: Job, when: datetime | float) -> str:
        """Have a job run later; returns its jid.

        Args:
            job: what to run.
            when: an aware datetime, or seconds from now; a time that has come already enqueues at once.

        Raises:
            InvalidJob: also for a datetime without a time zone.
            StoreUnavailable, EnqueueUncertain: as for `enqueue`.
        """
        now = self._clock()
        due_at = _unix(when, now)
        if due_at <= now:
            return self.enqueue(job)
        job = self._completed(job, now, enqueued_at=None)
        payload = encode(job, wire_format=self._config.wire_format)
        score = float(int(due_at)) if self._config.wire_format == "verk" else due_at
        return self._pushed(job, lambda commands: ScheduleSet([commands], self._keys).add(payload, score))

    def queue(self, name: str) -> Queue:
        """Return the queue of that name, whether or not anything is in it."""
        return Queue(self._pool_of(name), self._keys, name)

    def queue_names(self) -> list[str]:
        """Return the names of all queues that ever got a job."""
        return sorted({name for pool in self._pools.values() for name in queue_names(pool, self._keys)})

    def _pool_of(self, queue: str) -> Pool:
        return self._pools[self._config.redis_url_of(queue)]

    def _completed(self, job: Job, now: float, *, enqueued_at: float | None) -> Job:
        """Return a new job with what was left open filled in."""
        verk = self._config.wire_format == "verk"
        limit = self._config.max_retry_count if verk and job.max_retry_count is None else job.max_retry_count
        return attrs.evolve(
            job,
            queue=job.queue or "default",
            jid=job.jid or new_jid(),
            max_retry_count=limit,
            created_at=job.created_at if verk or job.created_at is not None else now,
            enqueued_at=enqueued_at,
        )

    def _pushed(self, job: Job, push: Callable[[Commands], object]) -> str:
        config, jid = self._config, str(job.jid)
        try:
            self._pool_of(str(job.queue)).replicated(push, config.wait_replicas, config.wait_replicas_seconds)
        except StoreUnavailable as error:
            if error.sent:
                raise EnqueueUncertain(error.operation, error.key, error.why, jid=jid) from error
            raise
        return jid


def _unix(when: datetime | float, now: float) -> float:
    if isinstance(when, datetime):
        if when.tzinfo is None:
            raise InvalidJob("when", when, "needs a time zone")
        return when.timestamp()
    if not isinstance(when, int | float) or not math.isfinite(when):
        raise InvalidJob("when", when, "must be an aware datetime or a finite number of seconds")
    return now + when
