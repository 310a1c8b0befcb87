"""One queue as clients, the command line and dashboards see it: push, count, look, delete, pause."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from verk_actors.store.clearing import clear
from verk_actors.store.commands import Argument, Commands, server_time
from verk_actors.store.effects import effects_of_end, matters
from verk_actors.store.job_filter import ALL_JOBS, JobFilter
from verk_actors.store.limit_book import limited_ids
from verk_actors.store.members import Member, member_of, payload_of
from verk_actors.store.moves import remove
from verk_actors.store.replies import name_of
from verk_actors.store.requests import HEARTBEAT_NOW, Requests
from verk_actors.store.scripts import CANCEL, ENQUEUE, ScriptCall
from verk_actors.store.set_pages import FIRST_COUNT, next_count, pages_of
from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys

_TRIED = 10  # so many of those that run next are asked how long they have waited
_PAGE_OF_SCRIPTS = 100  # so many take Redis a millisecond or so
_PAGE = 1000  # keeps one script, and one reply, short
_MOST_BYTES = 1 << 20  # does so too: a script takes 1 ms for 1000 small payloads, and 2 ms for 1 MiB of long ones


def queue_names(commands: Commands, keys: Keys) -> list[str]:
    """Returns the names of all known queues, in order. SMEMBERS, O(n)."""
    return sorted(name_of(name) for name in commands.call("SMEMBERS", keys.queues))


def paused_names(commands: Commands, keys: Keys) -> list[str]:
    """Returns the names of the queues that no node is to fetch from, in order. SMEMBERS, O(n)."""
    return sorted(name_of(name) for name in commands.call("SMEMBERS", keys.paused))


def sizes_of(commands: Commands, keys: Keys, names: Sequence[str]) -> list[int]:
    """Returns how many jobs wait in each of these queues; 0 where its key holds something else. LLEN for each."""
    return [int(count or 0) for count in commands.call_many([("LLEN", keys.queue(name)) for name in names])]


def latencies_of(commands: Commands, keys: Keys, names: Sequence[str]) -> list[float]:
    """Returns for each of these queues what `Queue.latency_seconds` does, in few round trips. LRANGE for each, TIME."""
    since = _waiting_since(commands, keys, names, -1, -1)
    silent = [name for name in names if since[name] is None]
    since |= _waiting_since(commands, keys, silent, -_TRIED, -2)
    now = server_time(commands)
    return [0.0 if (at := since[name]) is None else max(0.0, now - at) for name in names]


def _waiting_since(
    commands: Commands, keys: Keys, names: Sequence[str], start: int, stop: int
) -> dict[str, float | None]:
    """Returns since when the job of each queue waits that runs next, of those from one index to another that tell."""
    found = commands.call_many([("LRANGE", keys.queue(name), start, stop) for name in names])
    since: dict[str, float | None] = {}
    for name, payloads in zip(names, found, strict=True):
        members = (member_of(payload, name) for payload in reversed(payloads or ()))
        jobs = (member for member in members if isinstance(member, Job))
        times = (job.created_at if job.enqueued_at is None else job.enqueued_at for job in jobs)
        since[name] = next((time for time in times if time is not None), None)
    return since


def parts_of(payloads: Sequence[bytes], most: int = _PAGE) -> Iterator[Sequence[bytes]]:
    """Yields parts that are one step each: `most` payloads, and 1 MiB at most; a longer one goes alone."""
    start = size = 0
    for at, payload in enumerate(payloads):
        size += len(payload)
        if at > start and (size > _MOST_BYTES or at - start == most):
            yield payloads[start:at]
            start, size = at, len(payload)
    if start < len(payloads):
        yield payloads[start:]


def taking_out(keys: Keys, queue: str, payload: bytes, dead: tuple[bytes, float] | None = None) -> ScriptCall:
    """Returns what takes a job out of a queue, and tells whether it was there. LREM, O(n).

    It loses its lock if it is unique, and its batch, if it is in one, counts it as failed.

    Args:
        dead: what it is among the dead, and its score there; None puts it nowhere.
    """
    new, score = dead or (b"", 0.0)
    effects = effects_of_end(payload, keys)
    args: list[Argument] = [payload, new, score]
    for effect in effects:
        args += effect.words
    return ScriptCall(CANCEL, (keys.queue(queue), keys.dead, *(effect.key for effect in effects)), args)


class Queue:
    """The waiting jobs of one queue: a list whose head is the newest and whose tail runs next."""

    def __init__(self, commands: Commands, keys: Keys, name: str) -> None:
        self.name = name
        self._commands = commands
        self._keys = keys
        self._key = keys.queue(name)
        self._queues = keys.queues

    def push(self, *payloads: bytes, has_jobs: bool = False, over: Commands | None = None) -> int:
        """Adds jobs, the first to run first, and makes the queue known. LPUSH, O(1) each.

        Args:
            payloads: the jobs.
            has_jobs: whether the queue most likely has some. Then it is known, and a plain LPUSHX does, which makes an
                enqueue a sixth quicker; it does nothing if the queue is empty after all.
            over: what to send them over, where something else has to be asked of that connection afterwards.

        Returns:
            How many jobs the queue has now.

        Raises:
            StoreUnavailable: its `sent` tells whether the jobs may have been added. More than one of `parts_of`
                go one after the other: of them, the earlier ones have been added in any case.
        """
        commands, count = over or self._commands, None
        for part in parts_of(payloads):
            count = int(commands.call("LPUSHX", self._key, *part)) if has_jobs else 0
            if count == 0:
                count = int(commands.script(ENQUEUE, (self._key, self._queues), (self.name, *part)))
            has_jobs = count > len(part)
        return self.count() if count is None else count

    def count(self) -> int:
        """Returns how many jobs wait. LLEN."""
        return int(self._commands.call("LLEN", self._key))

    def range(self, start: int = 0, stop: int = -1) -> list[Member]:
        """Returns the jobs from one index to another, both included; 0 is the newest, -1 runs next."""
        payloads: list[bytes] = self._commands.call("LRANGE", self._key, start, stop)
        return [member_of(payload, self.name) for payload in payloads]

    def pages(self, where: JobFilter = ALL_JOBS, *, start: int = 0, most: int | None = None) -> Iterator[list[Member]]:
        """Yields the jobs that fit, from the newest, page by page: for a queue of any size. LRANGE, O(n) in all.

        A job that waits all the time comes at least once; again where others are pushed meanwhile. None is passed over
        because others are taken, as they are taken at the other end.

        Args:
            where: which fit.
            start: at which index to begin.
            most: how many are looked at, at most; all, unless given.
        """
        count, end = FIRST_COUNT, math.inf if most is None else start + most
        while start < end and (payloads := self._page(start, min(start + count, end))):
            found = (where.found_in(payload, self.name) for payload in payloads)
            if page := [member for member in found if member is not None]:
                yield page
            start += len(payloads)
            count = next_count(count, payloads, _PAGE)

    def find(self, jid: str, *, start: int = 0, most: int | None = None) -> Job | None:
        """Returns the job with this id, None if it isn't among those that `pages` looks at. LRANGE, O(n)."""
        pages = self.pages(JobFilter(jid=jid), start=start, most=most)
        return next((one for page in pages for one in page if isinstance(one, Job)), None)

    def latency_seconds(self) -> float:
        """Returns how long the job that runs next has waited, by Redis' clock. LRANGE, TIME.

        Since it was created, if it doesn't tell when it was enqueued. One that tells neither, or is none, is passed
        over; 0 where none waits, or none of the ten that run next tells.
        """
        return latencies_of(self._commands, self._keys, [self.name])[0]

    def _page(self, start: int, end: float) -> list[bytes]:
        payloads: list[bytes] = self._commands.call("LRANGE", self._key, start, int(end) - 1)
        return payloads

    def delete(self, member: Member | bytes) -> bool:
        """Removes one job; returns whether it was there. LREM, O(n).

        It loses its lock if it is unique, and its batch, if it is in one, counts it as failed.
        """
        return self.delete_many([member]) == 1

    def delete_many(self, members: Iterable[Member | bytes]) -> int:
        """Removes these jobs; returns how many were there. LREM for each, O(n)."""
        payloads = [payload_of(member) for member in members]
        count = sum(int(self._commands.call("LREM", self._key, 1, one)) for one in payloads if not matters(one))
        for part in parts_of([payload for payload in payloads if matters(payload)], _PAGE_OF_SCRIPTS):
            count += sum(self._commands.transaction([taking_out(self._keys, self.name, payload) for payload in part]))
        return count

    def clear(self) -> bool:
        """Removes all jobs, and the queue from the known ones; returns whether there were any. SREM, UNLINK.

        Those that wait for a limit too: ZSCAN, O(n). Where there are batches it goes page by page, for theirs to know.
        Locks of unique jobs stay until they run out.
        """
        for key in (self._keys.waiting(id_) for id_ in limited_ids(self._commands, self._keys)):
            self._delete_from(key)
        self._commands.call("SREM", self._queues, self.name)
        return clear(self._commands, self._keys, self._key, "LIST")

    def _delete_from(self, key: str) -> None:
        """Removes the jobs of this queue from a set."""
        where = JobFilter(queue=self.name)
        for page in pages_of(self._commands, key, where.match()):
            found = [payload for payload, _ in page if where.found_in(payload) is not None]
            remove(self._commands, self._keys, key, found)

    def remove(self) -> bool:
        """Removes all jobs, the queue from the known ones, and its pause; returns whether there were any jobs.

        It is there again with the next job that is pushed. What is in progress, or in a set, stays.
        """
        self.resume()
        return self.clear()

    # For all nodes

    def is_paused(self) -> bool:
        """Tells whether no node is to fetch from it. SISMEMBER."""
        return bool(self._commands.call("SISMEMBER", self._keys.paused, self.name))

    def pause(self) -> bool:
        """Has no node fetch from it any more, those to come included; returns whether it was not paused before.

        Jobs that run may end. Nodes are told, and have it at their next heartbeat in any case. SADD; safe to repeat.
        """
        return self._tell("SADD")

    def resume(self) -> bool:
        """Undoes `pause`; returns whether it was paused. A node that was told to pause it by itself stays so. SREM."""
        return self._tell("SREM")

    def _tell(self, operation: str) -> bool:
        has_changed = bool(self._commands.call(operation, self._keys.paused, self.name))
        Requests(self._commands, self._keys).tell_all(HEARTBEAT_NOW)
        return has_changed
