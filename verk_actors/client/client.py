"""Enqueues and schedules jobs, and looks at what is in Redis; starts no thread and needs no ActorSystem."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Literal, TypeVar

from verk_actors.client.batch import MONTH_SECONDS, Batch, Batching, Work
from verk_actors.client.batch_parts import CALLBACK_OF, Terms
from verk_actors.client.cron import CronJobs
from verk_actors.client.detour import Seen, Switch, clock_of
from verk_actors.client.job_runs import JobRuns
from verk_actors.client.preparing import Preparer, Scheduled
from verk_actors.client.pushing import Pusher
from verk_actors.errors import JobNotUnique
from verk_actors.jobs.context import current_job
from verk_actors.jobs.run import Cancellation, JobRun
from verk_actors.settings.config import Config
from verk_actors.store.all_limits import AllLimits
from verk_actors.store.all_nodes import AllNodes
from verk_actors.store.batches import Batches
from verk_actors.store.class_counts import RecentClasses
from verk_actors.store.commands import Commands
from verk_actors.store.counters import Counters
from verk_actors.store.exchange import Limits
from verk_actors.store.job_sets import DeadSet, RetrySet, ScheduleSet
from verk_actors.store.lifeline import Lifeline
from verk_actors.store.pool import Pool
from verk_actors.store.queue import Queue, latencies_of, paused_names, queue_names, sizes_of
from verk_actors.store.server_facts import ServerFacts, facts_about
from verk_actors.wire.jid import new_jid
from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys
from verk_actors.wire.results import JobResult, result_in

_T = TypeVar("_T")

OnConflict = Literal["raise", "return"]
"""What to do about a unique job that isn't enqueued: raise `JobNotUnique`, or return the jid of the first."""


class Client:
    """The door for programs that make jobs; one may be shared by all threads.

    Args:
        config: where Redis is, the namespace and the wire format.
        clock: returns unix seconds; for tests.
        lifeline: once it is cut, no thread waits for Redis any more, and each command fails; for servers that stop.

    Attributes:
        retries, scheduled, dead: the sets of jobs, those of queues with a Redis of their own included.
        nodes: all of them; quiets, stops and rescues one.
        counters: what has been processed and failed.
        recent_classes: the same of each job class, within the last minutes or days.
        batches: all of them: how far each is.
        cron: the periodic jobs.
        limits: who waits for them, and who holds them.
    """

    def __init__(
        self, config: Config, *, clock: Callable[[], float] = time.time, lifeline: Lifeline | None = None
    ) -> None:
        self._config = config
        self._clock = clock_of(clock)
        self._keys = Keys(config.namespace)
        self._pools = {url: Pool(url, name="verk:client", lifeline=lifeline) for url in config.redis_urls}
        self._seen = {url: Seen(pool, is_only=len(self._pools) == 1) for url, pool in self._pools.items()}
        pools = tuple(self._seen.values())
        self._preparer = Preparer(config, self._keys)
        self._pusher = Switch(Pusher(config, self._keys, self._pools))
        self.retries = RetrySet(pools, self._keys, clock)
        self.scheduled = ScheduleSet(pools, self._keys, clock)
        self.dead = DeadSet(pools, self._keys, clock)
        self.nodes = AllNodes(pools, self._keys, Limits.of(config), clock, time.monotonic)
        self.counters = Counters(pools, self._keys)
        self.recent_classes = RecentClasses(pools, self._keys)
        self.batches = Batches(pools, self._keys)
        self.cron = CronJobs(config, self._keys, self._seen, self._preparer, self._clock)
        self.limits = AllLimits(pools, self._keys, clock)
        self._batching = Batching(config, self._keys, self._pools, self._preparer, self._clock)
        self._runs = JobRuns(pools, self._keys, clock, self.nodes)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; the client may be used again and opens new ones."""
        for pool in self._pools.values():
            pool.close()

    def enqueue(self, job: Job, *, on_conflict: OnConflict = "raise", once: bool = False) -> str:
        """Put a job into its queue, to run as soon as a worker is free; returns its jid.

        Args:
            job: what to run.
            on_conflict: whether a unique job that isn't enqueued, since another of its token is, raises `JobNotUnique`
                or returns the jid of that other.
            once: enqueue it only if no job of its jid was enqueued with `once` in the last day. So an enqueue that was
                uncertain can be repeated, with the jid that the error names.

        Raises:
            InvalidJob: it can't be written; the error names the field.
            JobNotUnique: another one is enqueued or runs.
            StoreUnavailable: Redis can't be reached; the job was not enqueued.
            EnqueueUncertain: the reply was lost; the job may have been enqueued. Or it was, but too few
                replicas (`wait_replicas`) have it, so that a failover may lose it.
        """
        return self._enqueue(job, 0.0, on_conflict, once)

    def schedule(
        self, job: Job, when: datetime | float, *, on_conflict: OnConflict = "raise", once: bool = False
    ) -> str:
        """Have a job run later; returns its jid.

        Args:
            job: what to run.
            when: an aware datetime, or seconds from now; a time that has come already enqueues at once.
            on_conflict, once: as for `enqueue`.

        Raises:
            InvalidJob: also for a datetime without a time zone.
            JobNotUnique, StoreUnavailable, EnqueueUncertain: as for `enqueue`.
        """
        return self._enqueue(job, when, on_conflict, once)

    def enqueue_many(self, jobs: Iterable[Job | Scheduled], *, once: bool = False) -> list[str]:
        """Enqueue and schedule jobs, all of them or none, those of a queue in this order; returns their jids.

        In one step and one round trip, during which Redis does nothing else: 1 ms for a thousand small jobs. Where
        queues have servers of their own it is one for each, the servers one after the other.

        A unique job that isn't enqueued, since another of its token is, keeps none of the others out: in its place
        stands the jid of that other. `once` is as for `enqueue`.

        Raises:
            InvalidJob: one of them can't be written; its `index` tells which. None was enqueued.
            StoreUnavailable, StoreError: none was enqueued.
            EnqueueUncertain: it is unknown whether all of them were enqueued, or none; as for `enqueue`.
            EnqueuedInPart: one server took its jobs, or may have taken them, and another did not; it says which.
        """
        entries = self._preparer.many(list(jobs), self._clock(), once=once)
        return self._pusher.push_all(entries)

    def batch(
        self,
        jobs: Work | None = None,
        *,
        on_complete: Job | None = None,
        on_success: Job | None = None,
        description: str = "",
        expires_in: float = MONTH_SECONDS,
        parent: Batch | str | None = None,
        bid: str | None = None,
    ) -> Batch:
        """Make a batch of jobs, and enqueue them, all of them or none, in one step; returns it.

        Args:
            jobs: its members: jobs and scheduled ones; or a workflow of `chain` and `group`, of which the first step is
                enqueued. Without any, the batch that is returned collects them within a `with`, and is made at its end.
            on_complete: the job that is enqueued when no member is to run any more: each has succeeded, or has ended
                for good without success, as it is dead, or was discarded, deleted or cancelled.
            on_success: the job that is enqueued when all members have succeeded; of none, at once.
            description: for people.
            expires_in: in how many seconds it is forgotten, wherever it is.
            parent: a batch that this one is to be a member of.
            bid: its id; for an uncertain one that is to be repeated.

        Raises:
            InvalidJob: a job can't be written or be in a batch; all queues, of callbacks too, have to be on one Redis.
            BatchExists: there is one of that id.
            BatchNotOpen: the parent takes no more members.
            StoreUnavailable, StoreError: nothing was done.
            EnqueueUncertain: it is unknown whether it was made; as for `enqueue_many`.
        """
        terms = Terms(
            bid=bid or new_jid(),
            on_complete=on_complete,
            on_success=on_success,
            description=description,
            expires_in=expires_in,
            parent=parent.bid if isinstance(parent, Batch) else parent,
        )
        batch = Batch(self._batching, terms.bid, terms if jobs is None else None)
        if jobs is not None:
            batch.jids = self._batching.make(jobs, terms)
        return batch

    def current_batch(self) -> Batch | None:
        """Return the batch that the running job is a member of, or whose callback it is; None for any other job."""
        current = current_job()
        job = None if current is None else current.job
        bid = None if job is None else job.batch or job.extra.get(CALLBACK_OF)
        return Batch(self._batching, bid) if isinstance(bid, str) else None

    def result(self, jid: str) -> JobResult | None:
        """Return what a job has set, or returned if it has a `result_for`; None before it succeeds, and after its time.

        Needs the permission to read `verk:result:*`. GET.
        """
        for pool in self._seen.values():
            document = pool.call("GET", self._keys.result(jid))
            if document is not None:
                return result_in(document)
        return None

    def queue(self, name: str) -> Queue:
        """Return the queue of that name, whether or not anything is in it."""
        return Queue(self._seen[self._config.redis_url_of(name)], self._keys, name)

    def queue_names(self) -> list[str]:
        """Return the names of all queues that ever got a job."""
        return sorted({name for pool in self._seen.values() for name in queue_names(pool, self._keys)})

    def queue_sizes(self, names: Iterable[str] | None = None) -> dict[str, int]:
        """Return how many jobs wait in each of these queues, of all unless given, in few round trips.

        0 where the key of a queue holds something else. LLEN for each.
        """
        return self._of_queues(sizes_of, names)

    def queue_latencies(self, names: Iterable[str] | None = None) -> dict[str, float]:
        """Return for how many seconds the job has waited that runs next in each, likewise. LRANGE, TIME."""
        return self._of_queues(latencies_of, names)

    def paused_queue_names(self) -> list[str]:
        """Return the names of the queues that are paused for all nodes."""
        return sorted({name for pool in self._seen.values() for name in paused_names(pool, self._keys)})

    def servers(self) -> dict[str, ServerFacts | None]:
        """Return what each Redis tells of itself, by its URL, without the password; None where it may not be asked.

        INFO, and CONFIG GET where that leaves a question.
        """
        return {str(url): facts_about(pool) for url, pool in self._seen.items()}

    def running(self) -> list[JobRun]:
        """Return the jobs that run now on any node, those that have run for longest first.

        As each node told it last, up to five seconds ago, unless it keeps off (`presence`); those of Sidekiq too.
        """
        return self._runs.running()

    def inspect(self, jid: str) -> JobRun:
        """Return a running job as its node sees it now, with its stack; all nodes are asked.

        Raises:
            JobNotRunning: none of them runs it.
            NodesSilent: none of those that have answered within three seconds runs it.
        """
        return self._runs.inspect(jid)

    def cancel(self, jid: str) -> Cancellation | None:
        """Have a job not run, or not go on: it ends in the dead set, marked as cancelled. Returns what was found.

        A run is asked to end; it has `cancel_grace_seconds` for that. None where no job of that id waits or runs.

        Raises:
            NodesSilent: it was not found, and some nodes have not answered within three seconds.
        """
        return self._runs.cancel(jid)

    def _of_queues(
        self, read: Callable[[Commands, Keys, Sequence[str]], list[_T]], names: Iterable[str] | None
    ) -> dict[str, _T]:
        wanted = list(self.queue_names() if names is None else names)
        found: dict[str, _T] = {}
        for url, pool in self._seen.items():
            here = [name for name in wanted if self._config.redis_url_of(name) == url]
            found.update(zip(here, read(pool, self._keys, here), strict=True) if here else ())
        return {name: found[name] for name in wanted}

    def _enqueue(self, job: Job, when: datetime | float, on_conflict: OnConflict, once: bool) -> str:
        entry = self._preparer.one(job, self._clock(), when=when, once=once)
        jid = self._pusher.push(entry)
        if jid != entry.jid and on_conflict == "raise":
            raise JobNotUnique(jid, entry.token)
        return jid
