"""Jobs on their way to Redis: any number of them, for now and for later, in one step on each server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import attrs

from verk_actors.store.commands import Argument, Commands
from verk_actors.store.replies import pairs
from verk_actors.store.scripts import ENQUEUE_MANY, ScriptCall
from verk_actors.wire.keys import Keys

_MOST_PER_SCRIPT = 1000  # keeps one script short: it takes Redis 1 ms for 1000 small payloads,
_MOST_BYTES = 1 << 20  # and 2 ms for 1 MiB of long ones
_SCHEDULE = 2  # its place among the keys of the script


@attrs.frozen
class Lock:
    """What only one job has at a time: the key that says whose it is, and for how many seconds at most."""

    key: str
    seconds: float


@attrs.define(eq=False)
class Entry:
    """One job that is to be enqueued.

    Attributes:
        payload: what is written; empty for a job that a middleware halts, which goes nowhere.
        score: when it is due, as the set of scheduled jobs has it; None for a job that goes to its queue at once.
        token: what makes it unique; empty for a job that is not.
        locks: it is enqueued only where no other job has one of these, which are then its own.
    """

    queue: str
    jid: str
    payload: bytes = attrs.field(repr=False)
    score: float | None = None
    token: str = ""
    locks: Sequence[Lock] = ()

    @property
    def is_halted(self) -> bool:
        """Whether it goes nowhere."""
        return not self.payload


def add(commands: Commands, keys: Keys, entries: Sequence[Entry]) -> dict[int, str]:
    """Enqueues all of them, those of a queue in their order, or none.

    EVALSHA, or MULTI with one for each thousand jobs and MiB, in one round trip. LPUSH, O(1) each, or ZADD, O(log n).

    Returns:
        Of those that were not, since another job has a lock of theirs: the jid of that job, by the place of the entry.

    Raises:
        StoreUnavailable: its `sent` tells whether they may have been enqueued.
        StoreError: Redis refused; none was.
    """
    calls, groups = _calls(keys, entries)
    replies: list[list[bytes | int]] = commands.transaction(calls)
    holders: dict[int, str] = {}
    for reply, of_call in zip(replies, groups, strict=True):
        for group, jid in pairs(reply):
            holders[of_call[int(group) - 1]] = bytes(jid).decode("utf-8", "replace")
    return holders


def _calls(keys: Keys, entries: Sequence[Entry]) -> tuple[list[ScriptCall], list[list[int]]]:
    """Returns the scripts, and for each of them, for each group of its jobs, the place of its first entry."""
    queues = list(dict.fromkeys(entry.queue for entry in entries if entry.score is None))
    index = {queue: 3 + at for at, queue in enumerate(queues)}
    goes_to = [_SCHEDULE if entry.score is not None else index[entry.queue] for entry in entries]
    common = (keys.queues, keys.schedule, *map(keys.queue, queues))
    calls: list[ScriptCall] = []
    groups: list[list[int]] = []
    order: Sequence[int] = range(len(entries))
    if not any(entry.locks for entry in entries):  # else the first in this order is to have the lock
        order = sorted(order, key=goes_to.__getitem__)
    for part in _parts(entries, order):
        args: list[Argument] = [len(queues), *queues]
        locks: list[str] = []
        of_call: list[int] = []
        for _, places in groupby(part, lambda at: (goes_to[at], at if entries[at].locks else -1)):
            group = list(places)
            first = entries[group[0]]
            of_call.append(group[0])
            args.append(goes_to[group[0]])
            args += _locked(first, locks, len(common)) if first.locks else (len(group),)
            for at in group:
                entry = entries[at]
                args += (entry.payload,) if entry.score is None else (entry.score, entry.payload)
        calls.append(ScriptCall(ENQUEUE_MANY, (*common, *locks), args))
        groups.append(of_call)
    return calls, groups


def _parts(entries: Sequence[Entry], places: Iterable[int]) -> Iterator[list[int]]:
    """Yields the places of the jobs of each script."""
    part: list[int] = []
    bytes_left = _MOST_BYTES
    for at in places:
        size = len(entries[at].payload)
        bytes_left -= size
        if part and (bytes_left < 0 or len(part) == _MOST_PER_SCRIPT):
            yield part
            part, bytes_left = [], _MOST_BYTES - size
        part.append(at)
    if part:
        yield part


def _locked(entry: Entry, locks: list[str], before: int) -> list[Argument]:
    """Returns what a script is told of the locks of a job, and adds them to its keys, before which there are others."""
    args: list[Argument] = [-1, entry.jid, len(entry.locks)]
    for lock in entry.locks:
        locks.append(lock.key)
        args += (before + len(locks), max(1, round(lock.seconds * 1000)))
    return args
