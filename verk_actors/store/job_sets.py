"""The sets of jobs that wait for a time, or for nothing any more: retry, schedule and dead.

For the client, the command line and dashboards; due jobs are moved by `due`. Members are told apart by their
bytes, so two that are equal to the byte are one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

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
    """A set of jobs, sorted by a time in unix seconds: when they are due, or when they died."""

    def __init__(self, commands: Commands, keys: Keys, key: str) -> None:
        self._commands = commands
        self._keys = keys
        self._key = key

    def count(self) -> int:
        """Returns how many jobs there are. ZCARD."""
        return int(self._commands.call("ZCARD", self._key))

    def range(self, start: int = 0, stop: int = -1) -> list[Member]:
        """Returns the jobs from one rank to another, both included; 0 is the earliest. ZRANGE, O(n)."""
        return [member for member, _ in self.range_with_score(start, stop)]

    def range_with_score(self, start: int = 0, stop: int = -1) -> list[tuple[Member, float]]:
        """Returns the same, each with its time. ZRANGE, O(n)."""
        reply: list[bytes] = self._commands.call("ZRANGE", self._key, start, stop, "WITHSCORES")
        return [(member_of(payload), float(score)) for payload, score in _pairs(reply)]

    def find(self, jid: str) -> Job | None:
        """Returns the job with this id, None if it isn't here. ZSCAN of all, where Redis does the looking."""
        # Other characters may be escaped in JSON, or mean something in a pattern; then all is looked at here.
        match: tuple[Argument, ...] = ("MATCH", f"*{jid}*") if _PLAIN_JID.fullmatch(jid) else ()
        cursor: bytes = b"0"
        while True:
            cursor, reply = self._commands.call("ZSCAN", self._key, cursor, *match, "COUNT", _PAGE)
            for payload, _ in _pairs(reply):
                member = member_of(payload)
                if isinstance(member, Job) and member.jid == jid:
                    return member
            if cursor == b"0":
                return None

    def add(self, payload: bytes, score: float) -> None:
        """Adds a job with its time. ZADD, O(log n). Safe to repeat."""
        self._commands.call("ZADD", self._key, score, payload)

    def delete(self, member: Member | bytes) -> bool:
        """Removes one job; returns whether it was here. ZREM, O(log n)."""
        return bool(self._commands.call("ZREM", self._key, payload_of(member)))

    def requeue(self, member: Member | bytes, now: float) -> bool:
        """Moves one job to its queue, to run as soon as it comes to it; returns whether it was still here.

        From an envelope of undecodable bytes, exactly these go back to the queue.

        Args:
            member: one that was read from this set.
            now: wall clock, unix seconds; when it is enqueued.

        Raises:
            MalformedJob: it is no job, or names no queue.
        """
        payload = payload_of(member)
        job = decode(payload)
        if job.queue is None:
            raise MalformedJob(payload, "it names no queue")
        moves = Moves(self._commands, self._keys, self._key)
        restored = bookkeeping.restore(payload)
        new = bookkeeping.enqueued(job, now=now) if restored is None else restored
        moves.to_queue(payload, new, job.queue)
        return _done(moves)

    def clear(self) -> None:
        """Removes all jobs. UNLINK."""
        self._commands.call("UNLINK", self._key)


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
        moves = Moves(self._commands, self._keys, self._key)
        moves.to_dead(payload, found.reason if isinstance(found, Malformed) else None, now)
        return _done(moves)


class RetrySet(PendingSet):
    """The failed jobs that run again when they are due."""

    def __init__(self, commands: Commands, keys: Keys) -> None:
        super().__init__(commands, keys, keys.retry)


class ScheduleSet(PendingSet):
    """The jobs that were enqueued for a later time."""

    def __init__(self, commands: Commands, keys: Keys) -> None:
        super().__init__(commands, keys, keys.schedule)


class DeadSet(SortedSet):
    """The jobs that won't run again unless asked for. Each death trims the set (`Limits`)."""

    def __init__(self, commands: Commands, keys: Keys) -> None:
        super().__init__(commands, keys, keys.dead)


def _done(moves: Moves) -> bool:
    moved = moves.perform()
    if moved.refusal is not None:
        raise moved.refusal
    return moved.to_queues + moved.to_dead == 1


def _pairs(reply: list[bytes]) -> Iterator[tuple[bytes, bytes]]:
    return zip(reply[::2], reply[1::2], strict=True)
