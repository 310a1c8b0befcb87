"""The client for programs on an event loop: the same methods, to be awaited.

They are the methods of `Client`, run in a few threads: one implementation, the same errors. The loop is never held
up by Redis, nor by the encoding of arguments.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import TypeVar

from verk_actors.client.batch import Batch
from verk_actors.client.client import Client
from verk_actors.client.cron import CronJobs
from verk_actors.client.threads import Threads, View, awaited, iterated, viewed
from verk_actors.settings.config import Config
from verk_actors.store.all_limits import AllLimits
from verk_actors.store.all_nodes import AllNodes
from verk_actors.store.batches import Batches
from verk_actors.store.class_counts import RecentClasses
from verk_actors.store.counters import Counters
from verk_actors.store.job_sets import PendingSet, SortedSet
from verk_actors.store.queue import Queue

_T = TypeVar("_T")
_THREADS = 10  # as many as a client has connections to each Redis


class AsyncSortedSet(View):
    """A set of jobs; see the method of that name of the sets of `Client` for each."""

    count = awaited(SortedSet.count)
    range = awaited(SortedSet.range)
    range_with_score = awaited(SortedSet.range_with_score)
    pages = iterated(SortedSet.pages)
    scan = awaited(SortedSet.scan)
    by_handles = awaited(SortedSet.by_handles)
    find = awaited(SortedSet.find)
    add = awaited(SortedSet.add)
    delete = awaited(SortedSet.delete)
    delete_many = awaited(SortedSet.delete_many)
    delete_all = awaited(SortedSet.delete_all)
    delete_step = awaited(SortedSet.delete_step)
    requeue = awaited(SortedSet.requeue)
    requeue_many = awaited(SortedSet.requeue_many)
    requeue_all = awaited(SortedSet.requeue_all)
    requeue_step = awaited(SortedSet.requeue_step)
    clear = awaited(SortedSet.clear)


class AsyncPendingSet(AsyncSortedSet):
    """A set of jobs that are to run."""

    kill = awaited(PendingSet.kill)
    kill_many = awaited(PendingSet.kill_many)
    kill_all = awaited(PendingSet.kill_all)
    kill_step = awaited(PendingSet.kill_step)


class AsyncQueue(View):
    """A queue; see the method of that name of `Client.queue` for each."""

    push = awaited(Queue.push)
    count = awaited(Queue.count)
    range = awaited(Queue.range)
    pages = iterated(Queue.pages)
    find = awaited(Queue.find)
    latency_seconds = awaited(Queue.latency_seconds)
    delete = awaited(Queue.delete)
    delete_many = awaited(Queue.delete_many)
    clear = awaited(Queue.clear)
    remove = awaited(Queue.remove)
    is_paused = awaited(Queue.is_paused)
    pause = awaited(Queue.pause)
    resume = awaited(Queue.resume)


class AsyncCounters(View):
    """What has been processed and failed; see the method of that name of `Client.counters` for each."""

    totals = awaited(Counters.totals)
    of_queue = awaited(Counters.of_queue)
    of_queues = awaited(Counters.of_queues)
    on = awaited(Counters.on)
    history = awaited(Counters.history)


class AsyncRecentClasses(View):
    """The runs of each job class; see `Client.recent_classes`."""

    add = awaited(RecentClasses.add)
    last = awaited(RecentClasses.last)
    periods = awaited(RecentClasses.periods)
    durations = awaited(RecentClasses.durations)


class AsyncNodes(View):
    """All nodes; see the method of that name of `Client.nodes` for each."""

    ids = awaited(AllNodes.ids)
    statuses = awaited(AllNodes.statuses)
    status = awaited(AllNodes.status)
    processes = awaited(AllNodes.processes)
    quiet = awaited(AllNodes.quiet)
    stop = awaited(AllNodes.stop)
    rescue = awaited(AllNodes.rescue)
    ask = awaited(AllNodes.ask)


class AsyncLimits(View):
    """All limits; see the method of that name of `Client.limits` for each."""

    _sync: AllLimits

    list = awaited(AllLimits.list)
    get = awaited(AllLimits.get)
    count_waiting = awaited(AllLimits.count_waiting)
    reset = awaited(AllLimits.reset)

    def waiting(self, id: str) -> AsyncPendingSet:
        """Return the jobs that wait for a limit."""
        return AsyncPendingSet(self._sync.waiting(id), self._threads)


class AsyncBatches(View):
    """All batches; see the method of that name of `Client.batches` for each."""

    count = awaited(Batches.count)
    range = awaited(Batches.range)
    get = awaited(Batches.get)
    members = awaited(Batches.members)
    lost = awaited(Batches.lost)
    settle = awaited(Batches.settle)
    delete = awaited(Batches.delete)


class AsyncBatch(View):
    """A batch; see `Batch`. One that collects its jobs is used with `async with`."""

    _sync: Batch

    add = awaited(Batch.add)
    status = awaited(Batch.status)

    @property
    def bid(self) -> str:
        """Its id."""
        return self._sync.bid

    @property
    def jids(self) -> list[str]:
        """The ids of the jobs that were given to it here."""
        return self._sync.jids

    async def __aenter__(self) -> AsyncBatch:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._threads.run(self._sync.__exit__, kind, error, traceback)


class AsyncCronJobs(View):
    """The periodic jobs; see the method of that name of `Client.cron` for each."""

    list = awaited(CronJobs.list)
    get = awaited(CronJobs.get)
    next = awaited(CronJobs.next)
    add = awaited(CronJobs.add)
    remove = awaited(CronJobs.remove)
    pause = awaited(CronJobs.pause)
    resume = awaited(CronJobs.resume)
    run_now = awaited(CronJobs.run_now)


class AsyncClient(View):
    """The door for programs on an event loop; one may be shared by all tasks, and by several loops.

    A call that is cancelled is made all the same if it has begun: whether the job was enqueued is unknown then, as
    with `EnqueueUncertain`.

    Args:
        config, clock: as for `Client`.
        threads: calls that wait for Redis at once; those beyond wait for their turn.

    Attributes:
        retries, scheduled, dead: the sets of jobs.
        nodes: all of them.
        counters: what has been processed and failed.
        recent_classes: the same of each job class, lately.
        batches: all of them.
        cron: the periodic jobs.
        limits: who waits for them, and who holds them.
    """

    _sync: Client

    def __init__(self, config: Config, *, clock: Callable[[], float] = time.time, threads: int = _THREADS) -> None:
        super().__init__(Client(config, clock=clock), Threads(threads))
        self.retries = AsyncPendingSet(self._sync.retries, self._threads)
        self.scheduled = AsyncPendingSet(self._sync.scheduled, self._threads)
        self.dead = AsyncSortedSet(self._sync.dead, self._threads)
        self.nodes = AsyncNodes(self._sync.nodes, self._threads)
        self.counters = AsyncCounters(self._sync.counters, self._threads)
        self.recent_classes = AsyncRecentClasses(self._sync.recent_classes, self._threads)

        self.batches = AsyncBatches(self._sync.batches, self._threads)
        self.cron = AsyncCronJobs(self._sync.cron, self._threads)
        self.limits = AsyncLimits(self._sync.limits, self._threads)

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    enqueue = awaited(Client.enqueue)
    enqueue_many = awaited(Client.enqueue_many)
    schedule = awaited(Client.schedule)
    batch = viewed(Client.batch, AsyncBatch)
    current_batch = viewed(Client.current_batch, AsyncBatch)
    queue_names = awaited(Client.queue_names)
    queue_sizes = awaited(Client.queue_sizes)
    queue_latencies = awaited(Client.queue_latencies)
    paused_queue_names = awaited(Client.paused_queue_names)
    result = awaited(Client.result)
    servers = awaited(Client.servers)
    running = awaited(Client.running)
    inspect = awaited(Client.inspect)
    cancel = awaited(Client.cancel)

    def queue(self, name: str) -> AsyncQueue:
        """Return the queue of that name, whether or not anything is in it."""
        return AsyncQueue(self._sync.queue(name), self._threads)

    async def call(self, function: Callable[[Client], _T]) -> _T:
        """Return what a function returns that is called with the sync client, in a thread: for several calls at once.

        `await client.call(lambda sync: [sync.queue(name).count() for name in sync.queue_names()])`
        """
        return await self._threads.run(function, self._sync)

    async def close(self) -> None:
        """Close the connections and end the threads; the client may be used again and opens new ones."""
        await self._threads.run(self._sync.close)
        await self._threads.close()
