"""The limits, as clients, the command line and dashboards see them: who waits, who holds what, and a new beginning."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import attrs

from verk_actors.settings.limit import Limit, name_of_id
from verk_actors.store import limit_book
from verk_actors.store.commands import Commands
from verk_actors.store.job_sets import PendingSet
from verk_actors.store.limit_book import ToldLimit
from verk_actors.store.replies import name_of, pairs
from verk_actors.wire.keys import Keys

_MOST_LISTED = 100


@attrs.frozen(kw_only=True)
class LimitStatus:
    """A limit, or of one with a key that of one value, as it is now.

    Attributes:
        id: its name, or `NAME:VALUE`.
        name: its name.
        limit: what it says, as a node told last; None where none did.
        told_at: when that was, unix seconds.
        waiting: how many jobs wait for it.
        waiting_since: when the one was enqueued that waits for longest, unix seconds.
        held: how many jobs hold it, of a limit of concurrency; those of all nodes together.
        holders: the id of the node of each of them, by jid.
        next_at: when the next job of a rate may start, unix seconds; None for at once.
    """

    id: str
    name: str
    limit: Limit | None
    told_at: float | None
    waiting: int
    waiting_since: float | None
    held: int = 0
    holders: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    next_at: float | None = None


class AllLimits:
    """All limits; where queues are spread over several servers, each counts for itself, and here they are added up.

    Args:
        servers: where jobs are.
        keys: of the namespace.
        clock: returns unix seconds.
    """

    def __init__(self, servers: Sequence[Commands], keys: Keys, clock: Callable[[], float]) -> None:
        self._servers = servers
        self._keys = keys
        self._clock = clock

    def list(self, limit: int = _MOST_LISTED) -> Sequence[LimitStatus]:
        """Returns the limits that nodes have told of, and those that jobs wait for, by id. HGETALL, ZRANGE.

        Of one with a key there is a row for each value that jobs wait for, so many at most on each server.
        """
        told = self._told()
        waited_for = [id_ for server in self._servers for id_ in limit_book.limited_ids(server, self._keys, limit)]
        return self._statuses(sorted({*told, *waited_for}), told)

    def get(self, id: str) -> LimitStatus:
        """Returns one limit, by its name or `NAME:VALUE`, whether or not any job has met it. HGETALL."""
        return self._statuses([id], self._told())[0]

    def count_waiting(self) -> int:
        """Returns how many jobs wait, for the first hundred limits that any wait for. ZRANGE, and ZCARD for each."""
        count = 0
        for server in self._servers:
            ids = limit_book.limited_ids(server, self._keys, _MOST_LISTED)
            count += sum(n or 0 for n in server.call_many([("ZCARD", self._keys.waiting(id_)) for id_ in ids]))
        return count

    def waiting(self, id: str) -> PendingSet:
        """Returns the jobs that wait for a limit, sorted by when they were enqueued."""
        return PendingSet(self._servers, self._keys, self._keys.waiting(id), self._clock)

    def reset(self, id: str) -> None:
        """Begins a limit anew, as if no job held it and none had started; running ones go on. UNLINK, HDEL, ZADD.

        Those that wait are looked at by the nodes before long. What nodes told of it is forgotten until they do again.
        """
        for server in self._servers:
            nodes = [name_of(node_id) for node_id in server.call("SMEMBERS", self._keys.nodes)]
            slots = [self._keys.slots(id, node_id) for node_id in nodes]
            server.call("UNLINK", self._keys.slots(id), self._keys.arrival(id), self._keys.called(id), *slots)
            server.call("HDEL", self._keys.limits, id)
            if server.call("ZCARD", self._keys.waiting(id)):
                server.call("ZADD", self._keys.limited, self._clock(), id)

    def _told(self) -> Mapping[str, ToldLimit]:
        told: dict[str, ToldLimit] = {}
        for server in self._servers:
            told |= limit_book.read(server, self._keys)
        return told

    def _statuses(self, ids: Sequence[str], told: Mapping[str, ToldLimit]) -> Sequence[LimitStatus]:
        statuses: list[LimitStatus | None] = [None] * len(ids)
        for server in self._servers:
            for at, status in enumerate(self._statuses_on(server, ids, told)):
                statuses[at] = status if (other := statuses[at]) is None else _sum(other, status)
        return [status for status in statuses if status is not None]

    def _statuses_on(
        self, server: Commands, ids: Sequence[str], told: Mapping[str, ToldLimit]
    ) -> Sequence[LimitStatus]:
        nodes = [name_of(node_id) for node_id in server.call("SMEMBERS", self._keys.nodes)]
        commands: list[tuple[str | int, ...]] = []
        for id_ in ids:
            waiting = self._keys.waiting(id_)
            commands += (("ZCARD", waiting), ("ZRANGE", waiting, 0, 0, "WITHSCORES"), ("GET", self._keys.arrival(id_)))
            commands += (("HGETALL", self._keys.slots(id_, node_id)) for node_id in (None, *nodes))
        replies, step = server.call_many(commands), 4 + len(nodes)
        return [self._status(id_, told, replies[at * step : (at + 1) * step]) for at, id_ in enumerate(ids)]

    def _status(self, id_: str, told: Mapping[str, ToldLimit], replies: Sequence[object]) -> LimitStatus:
        count, first, arrival, *slots = replies
        name = name_of_id(id_)
        known = told.get(name)
        limit = None if known is None else known.limit
        holders: dict[str, str] = {}
        for held in slots:
            found = pairs(held) if isinstance(held, list) else ()
            holders |= {name_of(jid): name_of(holder).partition(" ")[0] for jid, holder in found}
        return LimitStatus(
            id=id_,
            name=name,
            limit=limit,
            told_at=None if known is None else known.told_at,
            waiting=count if isinstance(count, int) else 0,
            waiting_since=float(first[1]) if isinstance(first, list) and first else None,
            held=len(holders),
            holders=holders,
            next_at=self._next_at(limit, arrival),
        )

    def _next_at(self, limit: Limit | None, arrival: object) -> float | None:
        if limit is None or limit.rate is None or not isinstance(arrival, bytes) or not arrival.isdigit():
            return None
        at = (int(arrival) - (limit.at_once - 1) * limit.interval_micros) / 1_000_000
        return at if at > self._clock() else None


def _sum(one: LimitStatus, other: LimitStatus) -> LimitStatus:
    """Returns a limit as it is on two servers."""
    since = [at for at in (one.waiting_since, other.waiting_since) if at is not None]
    nexts = [at for at in (one.next_at, other.next_at) if at is not None]
    return attrs.evolve(
        one,
        waiting=one.waiting + other.waiting,
        waiting_since=min(since, default=None),
        held=one.held + other.held,
        holders={**other.holders, **one.holders},
        next_at=max(nexts, default=None),
    )
