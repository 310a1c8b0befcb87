"""The sets of jobs that wait for a time, or for nothing any more: retry, schedule and dead.

For the client, the command line and dashboards; due jobs are moved by `due`. Members are told apart by their
bytes, so two that are equal to the byte are one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter

from verk_actors.errors import MalformedJob
from verk_actors.store.commands import Argument, Commands
from verk_actors.store.members import Malformed, Member, member_of, payload_of
from verk_actors.store.moves import Moves
from verk_actors.wire import bookkeeping
from verk_actors.wire.codec import decode
from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys

_PAGE = 1000  # keeps one reply short
_PLAIN_JID = re.compile(r"[A-Za-z0-9_-]+")


class SortedSet:
    """A set of jobs, sorted by a time in unix seconds: when they are due, or when they died.

    Where queues are spread over several servers, each has its part of the set, and this is all of them.
    """

    def __init__(self, servers: Sequence[Commands], keys: Keys, key: str) -> None:
        self._servers = servers
        self._keys = keys
        self._key = key

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

    def find(self, jid: str) -> Job | None:
        """Returns the job with this id, None if it isn't here. ZSCAN of all, where Redis does the looking."""
        # Other characters may be escaped in JSON, or mean something in a pattern; then all is looked at here.
        match: tuple[Argument, ...] = ("MATCH", f"*{jid}*") if _PLAIN_JID.fullmatch(jid) else ()
        for server in self._servers:
            for payload in self._scan(server, match):
                member = member_of(payload)
                if isinstance(member, Job) and member.jid == jid:
                    return member
        return None

    def add(self, payload: bytes, score: float) -> None:
        """Adds a job with its time, on the first server. ZADD, O(log n). Safe to repeat."""
        self._servers[0].call("ZADD", self._key, score, payload)

    def delete(self, member: Member | bytes) -> bool:
        """Removes one job; returns whether it was here. ZREM, O(log n)."""
        payload = payload_of(member)
        return any(server.call("ZREM", self._key, payload) for server in self._servers)

    def requeue(self, member: Member | bytes, now: float) -> bool:
        """Moves one job to its queue, on its own server, to run when it comes to it; returns whether it was still here.

        From an envelope of undecodable bytes, exactly these go back to the queue.

        Args:
            member: one that was read from this set.
            now: wall clock, unix seconds; when it is enqueued.

        Raises:
            MalformedJob: it is no job, or names no queue.
        """
        payload = payload_of(member)
        queue, new = _requeued(payload, now)
        return self._moved(lambda moves: moves.to_queue(payload, new, queue))

    def clear(self) -> None:
        """Removes all jobs. UNLINK."""
        for server in self._servers:
            server.call("UNLINK", self._key)

    def _range_on(self, server: Commands, start: int, stop: int) -> list[tuple[Member, float]]:
        reply: list[bytes] = server.call("ZRANGE", self._key, start, stop, "WITHSCORES")
        return [(member_of(payload), float(score)) for payload, score in _pairs(reply)]

    def _scan(self, server: Commands, match: Sequence[Argument]) -> Iterator[bytes]:
        cursor: bytes = b"0"
        while True:
            cursor, reply = server.call("ZSCAN", self._key, cursor, *match, "COUNT", _PAGE)
            yield from reply[::2]
            if cursor == b"0":
                return

    def _moved(self, move: Callable[[Moves], None]) -> bool:
        """Make a move where its member is; returns whether it was anywhere."""
        return any(self._moved_on(server, move) for server in self._servers)

    def _moved_on(self, server: Commands, move: Callable[[Moves], None]) -> bool:
        moves = Moves(server, self._keys, self._key)
        move(moves)
        moved = moves.perform()
        if moved.refusal is not None:
            raise moved.refusal
        return moved.to_queues + moved.to_dead == 1


class PendingSet(SortedSet):
    """A set of jobs that will run at a time."""

    def kill(self, member: Member | bytes, now: float) -> bool:
        """Moves one job to the dead set, where it stays until asked for; returns whether it was still here.

        Args:
            member: one that was read from this set.
            now: wall clock, unix seconds; when it dies.
        """
        payload = payload_of(member)
        found = member_of(payload)
        reason = found.reason if isinstance(found, Malformed) else None
        return self._moved(lambda moves: moves.to_dead(payload, reason, now))


class RetrySet(PendingSet):
    """The failed jobs that run again when they are due."""

    def __init__(self, servers: Sequence[Commands], keys: Keys) -> None:
        super().__init__(servers, keys, keys.retry)


class ScheduleSet(PendingSet):
    """The jobs that were enqueued for a later time."""

    def __init__(self, servers: Sequence[Commands], keys: Keys) -> None:
        super().__init__(servers, keys, keys.schedule)


class DeadSet(SortedSet):
    """The jobs that won't run again unless asked for.

    A node that settles a job here, failed for good or buried, trims the set (`Limits`). `kill` and due moves do not.
    """

    def __init__(self, servers: Sequence[Commands], keys: Keys) -> None:
        super().__init__(servers, keys, keys.dead)


def _requeued(payload: bytes, now: float) -> tuple[str, bytes]:
    """Returns the queue that a member goes to, and what it is there."""
    if (restored := bookkeeping.restored(payload)) is not None:
        return restored
    job = decode(payload)
    if job.queue is None:
        raise MalformedJob(payload, "it names no queue")
    return job.queue, bookkeeping.enqueued(job, now=now)


def _pairs(reply: list[bytes]) -> Iterator[tuple[bytes, bytes]]:
    return zip(reply[::2], reply[1::2], strict=True)
