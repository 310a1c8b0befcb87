"""The batches that there are, as clients, the command line and dashboards see them: list, look, delete."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Literal

import attrs

from verk_actors.store.batch_changes import gone
from verk_actors.store.batch_making import nested_in
from verk_actors.store.batch_progress import change
from verk_actors.store.batch_status import BatchInBatch, BatchRow, BatchStatus, row_of
from verk_actors.store.commands import Commands
from verk_actors.store.effects import of_member
from verk_actors.store.guarded import Condition, perform
from verk_actors.store.lost_members import LostMember, lost_members
from verk_actors.store.replies import name_of, scored
from verk_actors.wire.jid import new_jid
from verk_actors.wire.keys import Keys

_MOST_TRIES = 20


@attrs.frozen
class BatchMember:
    """A member of a batch that has not succeeded.

    Attributes:
        id: the jid of a job, or the id of a batch.
        is_batch: whether it is a batch.
    """

    id: str
    is_batch: bool


class Batches:
    """All batches; where queues are spread over several servers, each has its own."""

    def __init__(self, servers: Sequence[Commands], keys: Keys) -> None:
        self._servers = servers
        self._keys = keys

    def count(self) -> int:
        """Returns how many there are, without those within others. ZCARD."""
        return sum(int(server.call("ZCARD", self._keys.batches)) for server in self._servers)

    def range(self, start: int = 0, stop: int = 49) -> list[BatchStatus]:
        """Returns the batches from one rank to another, both included; 0 is the one made last. ZRANGE, HGETALL.

        Those within others are not among them.
        """
        found: list[tuple[float, BatchRow | None]] = []
        for server in self._servers:
            first, last = (start, stop) if len(self._servers) == 1 else (0, stop)
            reply = server.call("ZRANGE", self._keys.batches, first, last, "REV", "WITHSCORES")
            found += [(at, self._row(server, name_of(bid))) for bid, at in scored(reply)]
        if len(self._servers) > 1:
            found = sorted(found, key=itemgetter(0), reverse=True)[start : stop + 1]
        return [row.status for _, row in found if row is not None]

    def get(self, bid: str) -> BatchStatus | None:
        """Returns a batch; None where there is none of that id, or not any more. HGETALL, SCARD."""
        found = self._find(bid)
        return None if found is None else found[1].status

    def members(self, bid: str, which: Literal["pending", "failed"] = "pending", most: int = 100) -> list[BatchMember]:
        """Returns some of the members that may run, or of those that have ended without success. SSCAN, O(most)."""
        found = self._find(bid)
        if found is None:
            return []
        key = self._keys.batch_pending(bid) if which == "pending" else self._keys.batch_failed(bid)
        members: dict[bytes, None] = {}
        cursor: bytes | int = 0
        while True:
            cursor, page = found[0].call("SSCAN", key, cursor, "COUNT", most)
            members |= dict.fromkeys(page)
            if len(members) >= most or cursor == b"0":
                return [_member_in(member) for member in list(members)[:most]]

    def lost(self, bid: str) -> list[LostMember]:
        """Returns the members that it waits for, or a batch within it, and that neither wait nor run: none will end.

        Another program has run or removed them. All queues and sets are looked through, twice. LRANGE, ZSCAN, O(n).
        """
        found = self._find(bid)
        return [] if found is None else lost_members(found[0], self._keys, [bid])

    def settle(self, members: Iterable[LostMember], state: Literal["failed", "succeeded"] = "failed") -> int:
        """Has the batches of these count them as ended; returns how many were still waited for."""
        count = 0
        for member in members:
            found = self._find(member.bid)
            waits = Condition("SISMEMBER", self._keys.batch_pending(member.bid), (member.jid,), 1)
            effects = of_member(member.bid, member.jid, state, self._keys)
            count += found is not None and perform(found[0], [waits], [], effects)
        return count

    def delete(self, bid: str) -> bool:
        """Forgets a batch, and those within it; returns whether it was there. Its jobs stay, and tell it no more.

        Raises:
            BatchInBatch: it is within another, which waits for it: delete that.
        """
        found = self._find(bid)
        if found is None:
            return False
        server, row = found
        parent = row.status.parent
        if parent is not None and self._row(server, parent) is not None:
            raise BatchInBatch(bid, parent)
        self._delete(server, row)
        return True

    def _delete(self, server: Commands, row: BatchRow) -> None:
        bid = row.status.bid
        nested = list(self._nested(server, bid))
        for _ in range(_MOST_TRIES):
            if change(server, self._keys, bid, gone(row, self._keys, tells=False), new_jid()):
                break
            again = self._row(server, bid)
            if again is None:
                break
            row = again
        for one in nested:
            within = self._row(server, one)
            if within is not None:
                self._delete(server, within)

    def _nested(self, server: Commands, bid: str) -> Iterator[str]:
        """Yields the batches within one that have not succeeded. SMEMBERS, LRANGE."""
        keys = self._keys
        for key in (keys.batch_pending(bid), keys.batch_failed(bid)):
            yield from filter(None, map(nested_in, server.call("SMEMBERS", key)))
        yield from filter(None, map(nested_in, server.call("LRANGE", keys.batch_steps(bid), 0, -1)))

    def _find(self, bid: str) -> tuple[Commands, BatchRow] | None:
        for server in self._servers:
            row = self._row(server, bid)
            if row is not None:
                return server, row
        return None

    def _row(self, server: Commands, bid: str) -> BatchRow | None:
        """Returns a batch, by plain commands, as whoever only looks may use no script; and no more than it needs."""
        keys = self._keys
        fields = server.call("HGETALL", keys.batch(bid))
        if b"succeeded_at" in fields[::2]:
            return row_of(bid, (fields, 0, 0, 0))
        counts = [server.call("SCARD", key) for key in (keys.batch_pending(bid), keys.batch_failed(bid))]
        return row_of(bid, (fields, *counts, server.call("LLEN", keys.batch_steps(bid)))) if fields else None


def _member_in(member: bytes) -> BatchMember:
    nested = nested_in(member)
    return BatchMember(name_of(member), is_batch=False) if nested is None else BatchMember(nested, is_batch=True)
