"""Calls the jobs that wait for limits: back to the front of their queues, as many as there seems to be room for.

A call is a hint: whoever fetches a called job asks for its admission as of any other. So it does no harm that several
nodes call, nor that a job which was called finds no room.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import attrs

from verk_actors.errors import StoreError
from verk_actors.settings.limit import Limit
from verk_actors.store.admission import Use, holder_of, slots_key
from verk_actors.store.commands import Argument, Commands, server_time
from verk_actors.store.moves import Moves
from verk_actors.store.refusals import refusal_of
from verk_actors.store.replies import name_of, pairs
from verk_actors.store.scripts import CALL, DUE, RECLAIM, ROOM
from verk_actors.wire.keys import Keys

MOST_CALLED = 100  # of one limit at a time
_MOST_DUE = 100  # limits that are looked at in one step
_MOST_BYTES = 1 << 20
_LOST_SECONDS = 5.0  # a job that was called and not fetched for so long holds up no other call
LOOK_SECONDS = 5.0
FORGOTTEN_SECONDS = 60.0  # a limit that nobody has looked at for so long is one that no node knows


@attrs.frozen
class Due:
    """Which limits are to be looked at, and in how many seconds the next one is; None for none."""

    ids: Sequence[str]
    next_in_seconds: float | None


@attrs.frozen
class Room:
    """What a limit has room for.

    Attributes:
        count: how many jobs wait for it.
        free: how many of them may be called.
        first: the payloads of those that wait for longest, a few more than may be called.
        next_in_seconds: when it is to be looked at again; None where nobody waits, or this node has all its slots of a
            limit of each node taken: it hears when one of them comes free.
    """

    count: int
    free: int
    first: Sequence[bytes] = attrs.field(repr=False)
    next_in_seconds: float | None


@attrs.frozen
class Called:
    """What has become of jobs that were to be called.

    Attributes:
        queues: of each that was called, its queue.
        held: how many wait on, since a job of the same jid holds a slot.
        malformed: how many were no jobs, or named no queue, and are dead now.
        refusal: why the last one was refused that was.
    """

    queues: Sequence[str]
    held: int
    malformed: int
    refusal: StoreError | None


class LimitCalls:
    """Calls jobs, for one node.

    Args:
        look_seconds: after how long a limit of concurrency is looked at again, though nobody has told of room.
    """

    def __init__(self, commands: Commands, keys: Keys, node_id: str, look_seconds: float = LOOK_SECONDS) -> None:
        self._commands = commands
        self._look_seconds = look_seconds
        self._keys = keys
        self._node_id = node_id

    def due(self) -> Due:
        """Returns the limits that are to be looked at. ZRANGEBYSCORE, TIME."""
        now, ids, next_at = self._commands.script(DUE, (self._keys.limited,), (_MOST_DUE, 0, _MOST_BYTES))
        wait = max(0.0, float(next_at) - float(now)) if next_at else None
        return Due([name_of(id_) for id_ in ids], wait)

    def is_forgotten(self, id_: str) -> bool:
        """Tells whether a limit is due for so long that no node seems to know it. ZSCORE, TIME."""
        score = self._commands.call("ZSCORE", self._keys.limited, id_)
        return score is not None and float(score) < server_time(self._commands) - FORGOTTEN_SECONDS

    def rooms(self, limits: Mapping[str, Limit | None]) -> dict[str, Room]:
        """Returns what limits have room for, by id; one that is None, as nobody knows it, for all that wait.

        ZCARD, HLEN or GET, ZRANGE and ZADD for each.

        Raises:
            StoreError: a key of one of them holds something else, as it says.
        """
        keys = [self._keys.limited]
        args: list[Argument] = [MOST_CALLED, _LOST_SECONDS]
        for id_, limit in limits.items():
            keys += (self._state_key(id_, limit), self._keys.waiting(id_), self._keys.called(id_))
            args += (id_, *_numbers(limit, self._look_seconds))
        reply = self._commands.script(ROOM, keys, args)
        rooms = (Room(count, free, first, float(wait) if wait else None) for count, free, first, wait in reply)
        return dict(zip(limits, rooms, strict=True))

    def call(
        self, id_: str, limit: Limit | None, payloads: Sequence[bytes], now: float, paused: Collection[str] = ()
    ) -> Called:
        """Calls jobs that wait, the first to run first. ZREM, RPUSH and ZADD for each. Safe to repeat.

        What is no job, or names no queue, goes to the dead set.

        Args:
            id_: of the limit.
            limit: what it says; None where nobody knows.
            payloads: of the jobs.
            now: unix seconds.
            paused: queues from which nobody fetches; what is called there takes up no room.
        """
        jobs, malformed = self._jobs_of(id_, payloads, now)
        if not jobs:
            return Called((), 0, malformed, None)
        queues: dict[str, int] = {}
        args: list[Argument] = []
        for payload, jid, queue in jobs:
            args += (payload, jid, queues.setdefault(queue, 5 + len(queues)))
        keys = [self._keys.waiting(id_), self._keys.called(id_), self._slots_key(id_, limit), self._keys.queues]
        keys += map(self._keys.queue, queues)
        flags, why = self._commands.script(CALL, keys, [len(queues), *queues, *args])
        called = [(jid, queue) for (_, jid, queue), flag in zip(jobs, flags, strict=True) if flag == 1]
        if resting := [jid for jid, queue in called if queue in paused]:
            self._commands.call("ZREM", self._keys.called(id_), *resting)
        refusal = refusal_of(why.decode("utf-8", "replace"), "call", self._keys.waiting(id_)) if why else None
        return Called([queue for _, queue in called], flags.count(2), malformed, refusal)

    def reclaim(self, id_: str, limit: Limit, token: str, is_lost: Callable[[str], bool]) -> int:
        """Gives back slots of nodes whose leases are gone, and of this node what it has lost; returns how many.

        HGETALL, and GET for each node that has some. Only for who may rescue the jobs of others (`Nodes`).

        Args:
            id_: of the limit.
            limit: what it says.
            token: of the lease of this node.
            is_lost: tells whether a job of this node, by its jid, is one that it has not.
        """
        key, own = self._slots_key(id_, limit), holder_of(self._node_id, token)
        reply = self._commands.call("HGETALL", key)
        slots = [(jid, name_of(holder)) for jid, holder in pairs(reply)]
        tokens: dict[str, bytes | None] = {}
        leases: dict[str, int] = {}
        args: list[Argument] = []
        for jid, holder in slots:
            node_id, _, held_by = holder.partition(" ")
            if holder == own:
                if is_lost(name_of(jid)):
                    args += (jid, holder, 0, "")
                continue
            if node_id not in tokens:
                tokens[node_id] = self._commands.call("GET", self._keys.node(node_id))
            if tokens[node_id] != held_by.encode():
                args += (jid, holder, leases.setdefault(node_id, 2 + len(leases)), held_by)
        if not args:
            return 0
        return int(self._commands.script(RECLAIM, [key, *map(self._keys.node, leases)], args))

    def _jobs_of(self, id_: str, payloads: Sequence[bytes], now: float) -> tuple[list[tuple[bytes, str, str]], int]:
        """Returns payloads with their jids and queues, and how many were none and are dead now."""
        jobs: list[tuple[bytes, str, str]] = []
        moves = Moves(self._commands, self._keys, self._keys.waiting(id_))
        for payload in payloads:
            if (found := moves.job_of(payload, now)) is not None:
                job, queue = found
                jobs.append((payload, job.jid or "", queue))
        return jobs, moves.perform().to_dead if len(jobs) < len(payloads) else 0

    def _slots_key(self, id_: str, limit: Limit | None) -> str:
        key = None if limit is None else slots_key(self._keys, Use(id_, limit), self._node_id)
        return key or self._keys.slots(id_)  # of a rate nobody holds any

    def _state_key(self, id_: str, limit: Limit | None) -> str:
        is_rate = limit is not None and limit.concurrency is None
        return self._keys.arrival(id_) if is_rate else self._slots_key(id_, limit)


def _numbers(limit: Limit | None, look_seconds: float) -> tuple[Argument, Argument, Argument, Argument]:
    """Returns what the script is told of a limit."""
    if limit is None:
        return "", "", "", look_seconds
    if limit.concurrency is None:
        return "", limit.interval_micros, limit.at_once, look_seconds
    # What one node has room for the others don't know: each that has some has to look.
    return limit.concurrency, "", "", 0 if limit.per == "node" else look_seconds
