"""The sets of jobs that wait for a time, or for nothing any more: retry, schedule and dead.

For the client, the command line and dashboards; due jobs are moved by `due`. Members are told apart by their bytes.
Each is moved or removed only if it is still a member, in one step: whoever else does so at the same time, it is done
once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import TypeAlias

from verk_actors.errors import MalformedJob
from verk_actors.store import set_steps, set_walk
from verk_actors.store.clearing import clear
from verk_actors.store.commands import Commands
from verk_actors.store.handles import payloads_of
from verk_actors.store.job_filter import ALL_JOBS, JobFilter
from verk_actors.store.members import Malformed, Member, member_of, payload_of
from verk_actors.store.moves import Moved, Moves, remove
from verk_actors.store.replies import scored
from verk_actors.store.set_pages import pages_of
from verk_actors.store.set_steps import SetStep
from verk_actors.store.set_walk import SetPart
from verk_actors.store.sweep import Act, Swept, sweep
from verk_actors.wire import bookkeeping
from verk_actors.wire.codec import decode
from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys

_Page: TypeAlias = tuple[Commands, Sequence[bytes]]


class SortedSet:
    """A set of jobs, sorted by a time in unix seconds: when they are due, or when they died.

    Where queues are spread over several servers, each has its part of the set, and this is all of them.

    Args:
        servers: where the set is.
        keys: of the namespace.
        key: the set's.
        clock: returns unix seconds.
    """

    def __init__(self, servers: Sequence[Commands], keys: Keys, key: str, clock: Callable[[], float]) -> None:
        self._servers = servers
        self._keys = keys
        self._key = key
        self._clock = clock

    # Looking

    def count(self) -> int:
        """Returns how many jobs there are. ZCARD."""
        return sum(int(server.call("ZCARD", self._key)) for server in self._servers)

    def range(self, start: int = 0, stop: int = -1) -> list[Member]:
        """Returns the jobs from one rank to another, both included; 0 is the earliest. ZRANGE, O(n)."""
        return [member for member, _ in self.range_with_score(start, stop)]

    def range_with_score(self, start: int = 0, stop: int = -1) -> list[tuple[Member, float]]:
        """Returns the same, each with its time. ZRANGE, O(n); of several servers, all up to `stop`."""
        if len(self._servers) == 1:
            return self._range_on(self._servers[0], start, stop)
        if start < 0 or stop < 0:
            count = self.count()
            start = max(0, start + count) if start < 0 else start
            stop = stop + count if stop < 0 else stop
        if stop < start:
            return []
        found = [entry for server in self._servers for entry in self._range_on(server, 0, stop)]
        return sorted(found, key=itemgetter(1))[start : stop + 1]

    def pages(self, where: JobFilter = ALL_JOBS) -> Iterator[list[tuple[Member, float]]]:
        """Yields the jobs that fit, each with its time, page by page: for a set of any size. ZSCAN, O(n) in all.

        Each page is sorted by time, the pages are in no order. A job that is there all the time comes at least once,
        twice in rare cases.
        """
        for server in self._servers:
            yield from self._pages_on(server, where)

    def scan(
        self,
        where: JobFilter = ALL_JOBS,
        cursor: str | None = None,
        *,
        limit: int = 50,
        most: int = set_walk.MOST_PASSED,
        latest_first: bool = False,
    ) -> SetPart:
        """Returns the next jobs that fit, in order, having looked at a bounded number: for a page of a big set.

        ZRANGE BYSCORE in short pages. A job that is there all the time comes once, whatever comes and goes meanwhile.

        Args:
            where: which fit.
            cursor: of the part before; None to begin.
            limit, most: how many are found, and looked at, at most; fewer where they are long.
            latest_first: whether it goes from the latest time to the earliest.

        Raises:
            InvalidCursor: it is none of this set.
        """
        start = set_walk.cursor_in(cursor, self._servers, self._key, latest_first=latest_first)
        return set_walk.walk(self._servers, self._key, where, start, limit=limit, most=most, latest_first=latest_first)

    def by_handles(self, handles: Iterable[str]) -> list[bytes]:
        """Returns the payloads of those with these handles (`handle_of`) that are still here. ZRANGE BYSCORE.

        Raises:
            InvalidHandle: one of them is none.
        """
        return payloads_of(self._servers, self._key, handles)

    def find(self, jid: str) -> Job | None:
        """Returns the job with this id, None if it isn't here. ZSCAN of all, where Redis does the looking."""
        for page in self.pages(JobFilter(jid=jid)):
            for member, _ in page:
                if isinstance(member, Job):
                    return member
        return None

    # One job

    def add(self, payload: bytes, score: float) -> None:
        """Adds a job with its time, on the first server. ZADD, O(log n). Safe to repeat."""
        self._servers[0].call("ZADD", self._key, score, payload)

    def delete(self, member: Member | bytes) -> bool:
        """Removes one job; returns whether it was here. ZREM, O(log n)."""
        return self.delete_many([member]) == 1

    def requeue(self, member: Member | bytes) -> bool:
        """Moves one job to its queue, on its own server, to run when it comes to it; returns whether it was still here.

        From an envelope of undecodable bytes, exactly these go back to the queue.

        Raises:
            MalformedJob: it is no job, or names no queue.
        """
        _requeued(payload_of(member), 0.0)
        return self.requeue_many([member]) == 1

    # A selection, and all that fit

    def delete_many(self, members: Iterable[Member | bytes]) -> int:
        """Removes these jobs; returns how many were still here. ZREM."""
        return sweep(self._these(members), self._delete_on)

    def delete_all(self, where: JobFilter) -> int:
        """Removes the jobs that fit, page by page; returns how many. ZSCAN, ZREM. Where all are meant, `clear`."""
        return sweep(self._fitting(where), self._delete_on)

    def requeue_many(self, members: Iterable[Member | bytes]) -> int:
        """Moves these jobs to their queues; returns how many. What is no job, or names no queue, stays.

        Raises:
            DoneInPart: some were moved, and then Redis failed or refused; or it refused some, for their queue's key
                holds something else.
            StoreUnavailable, StoreError: none was moved.
        """
        return sweep(self._these(members), self._requeue_on)

    def requeue_all(self, where: JobFilter = ALL_JOBS) -> int:
        """Moves the jobs that fit to their queues, page by page; returns how many. As `requeue_many` otherwise.

        Those that come to the set meanwhile may be among them.
        """
        return sweep(self._fitting(where), self._requeue_on)

    # All that fit, a step at a time

    def delete_step(self, where: JobFilter, cursor: str | None = None) -> SetStep:
        """Removes the next jobs that fit, having looked at a bounded number; call again with its cursor. ZREM.

        Raises:
            InvalidCursor: it is none of this set.
            DoneInPart, StoreUnavailable, StoreError: as of `requeue_many`.
        """
        return self._step(where, cursor, self._delete_on, set_walk.MOST_PASSED)

    def requeue_step(self, where: JobFilter = ALL_JOBS, cursor: str | None = None) -> SetStep:
        """Moves the next jobs that fit to their queues, likewise, the earliest first. What can't be moved stays."""
        return self._step(where, cursor, self._requeue_on)

    def clear(self) -> bool:
        """Removes all jobs; returns whether there were any. UNLINK; where there are batches, page by page.

        Locks of unique jobs stay until they run out.
        """
        return sum(clear(server, self._keys, self._key, "ZSET") for server in self._servers) > 0

    def _step(self, where: JobFilter, cursor: str | None, act: Act, most: int = set_steps.MOST_MOVED) -> SetStep:
        start = set_walk.cursor_in(cursor, self._servers, self._key)
        return set_steps.step(self._servers, self._key, where, start, act=act, most=most)

    def _range_on(self, server: Commands, start: int, stop: int) -> list[tuple[Member, float]]:
        reply: list[bytes] = server.call("ZRANGE", self._key, start, stop, "WITHSCORES")
        return [(member_of(payload), score) for payload, score in scored(reply)]

    def _pages_on(self, server: Commands, where: JobFilter) -> Iterator[list[tuple[Member, float]]]:
        for page in pages_of(server, self._key, where.match()):
            found = ((where.found_in(payload), score) for payload, score in page)
            if fitting := [(member, score) for member, score in found if member is not None]:
                yield fitting

    def _these(self, members: Iterable[Member | bytes]) -> Iterator[_Page]:
        """Yields members that were named, once for each server: on which they are is not known."""
        payloads = [payload_of(member) for member in members]
        return ((server, payloads) for server in self._servers)

    def _fitting(self, where: JobFilter) -> Iterator[_Page]:
        """Yields the members that fit, each with its own server."""
        for server in self._servers:
            for page in self._pages_on(server, where):
                yield server, [payload_of(member) for member, _ in page]

    def _delete_on(self, server: Commands, payloads: Sequence[bytes]) -> Swept:
        return Swept(remove(server, self._keys, self._key, payloads))

    def _requeue_on(self, server: Commands, payloads: Sequence[bytes]) -> Swept:
        moves, now = Moves(server, self._keys, self._key), self._clock()
        for payload in payloads:
            try:
                queue, new = _requeued(payload, now)
            except MalformedJob:
                continue
            if self._key == self._keys.dead:
                moves.again(payload, new, queue)
            else:
                moves.to_queue(payload, new, queue)
        return _swept(moves.perform())


class PendingSet(SortedSet):
    """A set of jobs that will run at a time."""

    def kill(self, member: Member | bytes) -> bool:
        """Moves one job to the dead set, where it stays until asked for; returns whether it was still here."""
        return self.kill_many([member]) == 1

    def kill_many(self, members: Iterable[Member | bytes]) -> int:
        """Moves these jobs to the dead set; returns how many were still here. Errors as of `requeue_many`."""
        return sweep(self._these(members), self._kill_on)

    def kill_all(self, where: JobFilter = ALL_JOBS) -> int:
        """Moves the jobs that fit to the dead set, page by page; returns how many. Errors as of `requeue_many`."""
        return sweep(self._fitting(where), self._kill_on)

    def kill_step(self, where: JobFilter = ALL_JOBS, cursor: str | None = None) -> SetStep:
        """Moves the next jobs that fit to the dead set, as `requeue_step` does to their queues."""
        return self._step(where, cursor, self._kill_on)

    def _kill_on(self, server: Commands, payloads: Sequence[bytes]) -> Swept:
        moves, now = Moves(server, self._keys, self._key), self._clock()
        for payload in payloads:
            found = member_of(payload)
            moves.to_dead(payload, found.reason if isinstance(found, Malformed) else None, now)
        return _swept(moves.perform())


class RetrySet(PendingSet):
    """The failed jobs that run again when they are due."""

    def __init__(self, servers: Sequence[Commands], keys: Keys, clock: Callable[[], float]) -> None:
        super().__init__(servers, keys, keys.retry, clock)


class ScheduleSet(PendingSet):
    """The jobs that were enqueued for a later time."""

    def __init__(self, servers: Sequence[Commands], keys: Keys, clock: Callable[[], float]) -> None:
        super().__init__(servers, keys, keys.schedule, clock)


class DeadSet(SortedSet):
    """The jobs that won't run again unless asked for.

    A node that settles a job here, failed for good or buried, trims the set (`Limits`). `kill` and due moves do not.
    """

    def __init__(self, servers: Sequence[Commands], keys: Keys, clock: Callable[[], float]) -> None:
        super().__init__(servers, keys, keys.dead, clock)


def _requeued(payload: bytes, now: float) -> tuple[str, bytes]:
    """Returns the queue that a member goes to, and what it is there."""
    if (restored := bookkeeping.restored(payload)) is not None:
        return restored
    job = decode(payload)
    if job.queue is None:
        raise MalformedJob(payload, "it names no queue")
    return job.queue, bookkeeping.enqueued(job, now=now)


def _swept(moved: Moved) -> Swept:
    return Swept(moved.to_queues + moved.to_dead, moved.refusal)
