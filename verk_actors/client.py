"""Enqueues and schedules jobs, and looks at what is in Redis; starts no thread and needs no ActorSystem."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

import attrs

from verk_actors.config import Config
from verk_actors.errors import EnqueuedInPart, EnqueueUncertain, InvalidJob, StoreError, StoreUnavailable
from verk_actors.store.commands import Commands
from verk_actors.store.counters import Counters
from verk_actors.store.job_sets import DeadSet, RetrySet, ScheduleSet
from verk_actors.store.nodes import Nodes
from verk_actors.store.pool import Pool
from verk_actors.store.queue import Queue, parts_of, queue_names
from verk_actors.wire.codec import encode
from verk_actors.wire.jid import new_jid, new_jids
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
        self._had_jobs: dict[str, bool] = {}  # whether others waited in a queue when it was pushed to last
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
        job = self._completed(job, job.jid or new_jid(), now, enqueued_at=now)
        self._push(str(job.queue), (str(job.jid),), (self._encoded(job),))
        return str(job.jid)

    def enqueue_many(self, jobs: Iterable[Job]) -> list[str]:
        """Put jobs into their queues, in this order; returns their jids.

        The jobs of a queue go in parts, 1000 jobs or 1 MiB at most; of each part all are enqueued or none.

        Raises:
            InvalidJob: one of them can't be written; its `index` tells which. None was enqueued.
            StoreUnavailable, StoreError: none was enqueued.
            EnqueueUncertain: it is unknown whether all of them were enqueued, or none; as for `enqueue`.
            EnqueuedInPart: some were enqueued, or may have been, and others were not; it says which.
        """
        jobs, now = list(jobs), self._clock()
        jids: list[str] = []
        queues: dict[str, tuple[list[str], list[bytes]]] = {}
        for index, (job, new) in enumerate(zip(jobs, new_jids(len(jobs)), strict=True)):
            completed = self._completed(job, job.jid or new, now, enqueued_at=now)
            try:
                payload = self._encoded(completed)
            except InvalidJob as error:
                error.index = index
                raise
            jid, queue = str(completed.jid), str(completed.queue)
            if queue not in queues:
                queues[queue] = ([], [])
            of_queue = queues[queue]
            of_queue[0].append(jid)
            of_queue[1].append(payload)
            jids.append(jid)
        self._push_all([part for queue, of_queue in queues.items() for part in _parts_of(queue, *of_queue)])
        return jids

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
        job = self._completed(job, job.jid or new_jid(), now, enqueued_at=None)
        payload = self._encoded(job)
        score = float(int(due_at)) if self._config.wire_format == "verk" else due_at
        jids = (str(job.jid),)
        self._write(str(job.queue), jids, lambda commands: ScheduleSet([commands], self._keys).add(payload, score))
        return jids[0]

    def queue(self, name: str) -> Queue:
        """Return the queue of that name, whether or not anything is in it."""
        return Queue(self._pool_of(name), self._keys, name)

    def queue_names(self) -> list[str]:
        """Return the names of all queues that ever got a job."""
        return sorted({name for pool in self._pools.values() for name in queue_names(pool, self._keys)})

    def _pool_of(self, queue: str) -> Pool:
        return self._pools[self._config.redis_url_of(queue)]

    def _completed(self, job: Job, jid: str, now: float, *, enqueued_at: float | None) -> Job:
        """Return a new job with what was left open filled in; what it has was checked when it was made."""
        config, fields = self._config, job.__dict__.copy()
        fields["queue"] = job.queue or "default"
        fields["jid"] = jid
        fields["enqueued_at"] = enqueued_at
        if config.wire_format == "verk":
            if job.max_retry_count is None:
                fields["max_retry_count"] = config.max_retry_count
        elif job.created_at is None:
            fields["created_at"] = now
        return Job.of_checked(fields)

    def _encoded(self, job: Job) -> bytes:
        return encode(job, wire_format=self._config.wire_format)

    def _push_all(self, parts: Sequence[_Part]) -> None:
        """Push one part after the other; where one fails, stop and say what has become of which job."""
        for at, part in enumerate(parts):
            try:
                self._push(part.queue, part.jids, part.payloads)
            except StoreError as error:
                uncertain = part.jids if isinstance(error, EnqueueUncertain) else ()
                enqueued, left = _jids_of(parts[:at]), _jids_of(parts[at + 1 if uncertain else at :])
                if not enqueued and not (uncertain and left):
                    raise  # the same holds for all
                raise EnqueuedInPart(error.operation, error.key, error.why, enqueued, uncertain, left) from error

    def _push(self, queue: str, jids: Sequence[str], payloads: Sequence[bytes]) -> None:
        def push(commands: Commands) -> None:
            has_jobs = self._had_jobs.get(queue, False)
            count = Queue(commands, self._keys, queue).push(*payloads, has_jobs=has_jobs)
            self._had_jobs[queue] = count > len(payloads)

        self._write(queue, jids, push)

    def _write(self, queue: str, jids: Sequence[str], write: Callable[[Commands], object]) -> None:
        """Write jobs to the Redis of their queue, in one step."""
        config = self._config
        try:
            self._pool_of(queue).replicated(write, config.wait_replicas, config.wait_replicas_seconds)
        except StoreUnavailable as error:
            if error.sent:
                raise EnqueueUncertain(error.operation, error.key, error.why, jids[0], jids=tuple(jids)) from error
            raise


@attrs.frozen
class _Part:
    """Jobs of one queue that go there in one step."""

    queue: str
    jids: tuple[str, ...]
    payloads: Sequence[bytes]


def _parts_of(queue: str, jids: Sequence[str], payloads: Sequence[bytes]) -> Iterator[_Part]:
    start = 0
    for part in parts_of(payloads):
        end = start + len(part)
        yield _Part(queue, tuple(jids[start:end]), part)
        start = end


def _jids_of(parts: Sequence[_Part]) -> tuple[str, ...]:
    return tuple(jid for part in parts for jid in part.jids)


def _unix(when: datetime | float, now: float) -> float:
    if isinstance(when, datetime):
        if when.tzinfo is None:
            raise InvalidJob("when", when, "needs a time zone")
        return when.timestamp()
    if not isinstance(when, int | float) or not math.isfinite(when):
        raise InvalidJob("when", when, "must be an aware datetime or a finite number of seconds")
    return now + when
