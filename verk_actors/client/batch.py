"""Batches of jobs: made, and added to while they run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import TypeAlias

from verk_actors.client.batch_parts import Terms, jobs_in, members_of, with_jids
from verk_actors.client.detour import NotDiverted, current
from verk_actors.client.preparing import ONCE_SECONDS, Preparer, Scheduled
from verk_actors.client.pushing import write
from verk_actors.client.workflow import Chain, Group
from verk_actors.errors import InvalidJob
from verk_actors.settings.config import Config
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.store.batch_making import enlisted, is_at, is_open, joined, made
from verk_actors.store.batch_status import BatchExists, BatchNotOpen, BatchStatus
from verk_actors.store.batches import Batches
from verk_actors.store.commands import Commands
from verk_actors.store.effects import Effect, kept
from verk_actors.store.entries import Entry
from verk_actors.store.guarded import Condition, perform
from verk_actors.store.pool import Pool
from verk_actors.wire.jid import new_jid
from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys

Work: TypeAlias = Iterable[Job | Scheduled] | Chain | Group
"""What a batch is made of."""

MONTH_SECONDS = 30 * 86_400.0


class Batching:
    """Makes batches and adds to them; may be shared by all threads."""

    def __init__(
        self,
        config: Config,
        keys: Keys,
        pools: Mapping[RedisUrl, Pool],
        preparer: Preparer,
        clock: Callable[[], float],
    ) -> None:
        self._config = config
        self._keys = keys
        self._pools = pools
        self._preparer = preparer
        self._clock = clock

    def make(self, work: Work, terms: Terms) -> list[str]:
        """Make a batch, and enqueue the jobs of its first step; returns the jids of all its jobs."""
        now, keys, turn = self._clock(), self._keys, new_jid()
        new = members_of(work, terms, self._preparer, now)
        conditions = [Condition("EXISTS", keys.batch(terms.bid), (), 0)]
        effects = list(made(new, keys, turn))
        if terms.parent is not None:
            conditions += is_open(keys, terms.parent)
            effects += joined(new, keys, terms.parent)
        entries = list(jobs_in(new))
        pool = self._pool_of([*(entry.queue for entry in entries), *terms.callback_queues])
        writing = partial(perform, conditions=conditions, again=[is_at(keys, terms.bid, turn)], effects=effects)
        if not self._write(pool, writing, [entry.jid for entry in entries] or [terms.bid]):
            if terms.parent is None or Batches([pool], keys).get(terms.bid) is not None:
                raise BatchExists(terms.bid)
            raise BatchNotOpen(terms.parent)
        return [entry.jid for entry in entries]

    def add(self, bid: str, jobs: Iterable[Job | Scheduled], *, once: bool = False) -> list[str]:
        """Add jobs to a batch, and enqueue them; returns their jids."""
        entries = list(jobs_in(members_of(jobs, Terms(bid=bid), self._preparer, self._clock())))
        jids = [entry.jid for entry in entries]
        pool = self._pool_of([entry.queue for entry in entries])
        while entries and not self._write(pool, self._adding(bid, entries, once), [entry.jid for entry in entries]):
            marks = [("EXISTS", self._keys.once(entry.jid)) for entry in entries if once]
            known = pool.call_many(marks) if marks else []
            if not any(known):
                raise BatchNotOpen(bid)
            entries = [entry for entry, is_known in zip(entries, known, strict=True) if not is_known]
        return jids

    def _adding(self, bid: str, entries: Sequence[Entry], once: bool) -> Callable[[Commands], bool]:
        keys, turn = self._keys, new_jid()
        conditions = is_open(keys, bid)
        effects = [
            Effect("HSET", keys.batch(bid), ("turn", turn)),
            Effect("HINCRBY", keys.batch(bid), ("total", len(entries))),
            *enlisted(keys, bid, entries),
        ]
        if once:
            conditions += [Condition("EXISTS", keys.once(entry.jid), (), 0) for entry in entries]
            effects += [kept(keys.once(entry.jid), entry.jid.encode(), ONCE_SECONDS) for entry in entries]
        return partial(perform, conditions=conditions, again=[is_at(keys, bid, turn)], effects=effects)

    def status(self, bid: str) -> BatchStatus | None:
        """Return how far a batch is."""
        return Batches(tuple(self._pools.values()), self._keys).get(bid)

    def _pool_of(self, queues: Sequence[str]) -> Pool:
        """Return the Redis that all queues of a batch are on, and so the batch."""
        url_of = {queue: self._config.redis_url_of(queue) for queue in dict.fromkeys(queues)}
        first = next(iter(url_of.values()), self._config.redis_url)
        for queue, url in url_of.items():
            if url != first:
                why = f"is on {url}, and another of the batch on {first}: a batch is on one server"
                raise InvalidJob("queue", queue, why)
        return self._pools[first]

    def _write(self, pool: Pool, writing: Callable[[Commands], bool], jids: Sequence[str]) -> bool:
        if current() is not None:
            raise NotDiverted("a batch needs a Redis, which testing.real() has")
        return write(pool, self._config, writing, jids)


class Batch:
    """A batch, in the hands of a program: what `Client.batch` returns.

    One that was made without jobs collects them until the end of its `with`, and is made then.

    Attributes:
        bid: its id.
        jids: the ids of the jobs that were given to it here.
    """

    def __init__(self, batching: Batching, bid: str, terms: Terms | None = None) -> None:
        self.bid = bid
        self.jids: list[str] = []
        self._batching = batching
        self._terms = terms
        self._collected: list[Job | Scheduled] = []

    def __repr__(self) -> str:
        return f"<Batch {self.bid}>"

    def add(self, *jobs: Job | Scheduled, once: bool = False) -> list[str]:
        """Add jobs, all of them or none, and enqueue them; returns their jids.

        A program that is no member should know that the batch is not complete: in a `with`, before the batch is made.

        Args:
            once: add only those whose jid was not added or enqueued with `once` in the last day. So what was uncertain
                can be repeated, with the jids that the error names; and a member that runs again adds nothing twice.

        Raises:
            BatchNotOpen: no member is to run any more.
            InvalidJob, StoreUnavailable, StoreError, EnqueueUncertain: as of `Client.enqueue_many`.
        """
        if self._terms is None:
            jids = self._batching.add(self.bid, jobs, once=once)
        else:
            given = with_jids(jobs)
            self._collected += given
            jids = [str((job.job if isinstance(job, Scheduled) else job).jid) for job in given]
        self.jids += jids
        return jids

    def status(self) -> BatchStatus | None:
        """Return how far it is; None where it is not made yet, or not there any more."""
        return self._batching.status(self.bid)

    def __enter__(self) -> Batch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Make the batch of what was collected; unless an exception came."""
        terms, self._terms = self._terms, None
        if terms is not None and error is None:
            self._batching.make(self._collected, terms)
