"""One queue as clients, the command line and dashboards see it: push, count, look, delete."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from verk_actors.store.commands import Commands
from verk_actors.store.members import Member, member_of, name_of, payload_of
from verk_actors.store.scripts import ENQUEUE
from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys

_PAGE = 1000  # keeps one script, and one reply, short
_MOST_BYTES = 1 << 20  # does so too: a script takes 1 ms for 1000 small payloads, and 2 ms for 1 MiB of long ones


def queue_names(commands: Commands, keys: Keys) -> list[str]:
    """Returns the names of all known queues, in order. SMEMBERS, O(n)."""
    return sorted(name_of(name) for name in commands.call("SMEMBERS", keys.queues))


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


class Queue:
    """The waiting jobs of one queue: a list whose head is the newest and whose tail runs next."""

    def __init__(self, commands: Commands, keys: Keys, name: str) -> None:
        self.name = name
        self._commands = commands
        self._key = keys.queue(name)
        self._queues = keys.queues

    def push(self, *payloads: bytes, has_jobs: bool = False) -> int:
        """Adds jobs, the first to run first, and makes the queue known. LPUSH, O(1) each.

        Args:
            payloads: the jobs.
            has_jobs: whether the queue most likely has some. Then it is known, and a plain LPUSHX does, which makes an
                enqueue a sixth quicker; it does nothing if the queue is empty after all.

        Returns:
            How many jobs the queue has now.

        Raises:
            StoreUnavailable: its `sent` tells whether the jobs may have been added. More than one of `parts_of`
                go one after the other: of them, the earlier ones have been added in any case.
        """
        count: int | None = None
        for part in parts_of(payloads):
            count = int(self._commands.call("LPUSHX", self._key, *part)) if has_jobs else 0
            if count == 0:
                count = int(self._commands.script(ENQUEUE, (self._key, self._queues), (self.name, *part)))
            has_jobs = count > len(part)
        return self.count() if count is None else count

    def count(self) -> int:
        """Returns how many jobs wait. LLEN."""
        return int(self._commands.call("LLEN", self._key))

    def range(self, start: int = 0, stop: int = -1) -> list[Member]:
        """Returns the jobs from one index to another, both included; 0 is the newest, -1 runs next."""
        payloads: list[bytes] = self._commands.call("LRANGE", self._key, start, stop)
        return [member_of(payload, self.name) for payload in payloads]

    def find(self, jid: str) -> Job | None:
        """Returns the job with this id, None if it isn't here. LRANGE of all in pages, from the oldest."""
        for start in range(-1, -self.count() - 1, -_PAGE):
            for member in reversed(self.range(start - _PAGE + 1, start)):
                if isinstance(member, Job) and member.jid == jid:
                    return member
        return None

    def delete(self, member: Member | bytes) -> bool:
        """Removes one job; returns whether it was there. LREM, O(n)."""
        return bool(self._commands.call("LREM", self._key, 1, payload_of(member)))

    def clear(self) -> None:
        """Removes all jobs, and the queue from the known ones. SREM and UNLINK."""
        self._commands.call("SREM", self._queues, self.name)
        self._commands.call("UNLINK", self._key)
