"""The jobs whose time has come: from the retry set and the schedule set to their queues.

Every node's schedule manager does this, and they share the work: what one has moved the others find gone.
Redis' clock decides what is due.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import attrs

from verk_actors.errors import StoreError, StoreUnavailable
from verk_actors.store.connection import Connection
from verk_actors.store.moves import Moved, Moves
from verk_actors.store.scripts import DUE, ScriptCall
from verk_actors.wire import bookkeeping
from verk_actors.wire.keys import Keys

_PAGE = 250  # keeps each script well below 10 ms, in which Redis does nothing else,
_MOST_BYTES = 1 << 20  # and so does this, of payloads
_PAGES_AT_ONCE = 8  # some 50 ms of one set, after which a stop can get in


@attrs.frozen
class Promoted:
    """What one promotion has done.

    Attributes:
        moved: jobs moved to their queues.
        malformed: members moved to the dead set, since they are no jobs or name no queue.
        refused: jobs that stay, since the key of their queue holds something that is no list.
        refusal: why the last of them was refused.
        next_due_in_seconds: when the next one is due: 0 if there are more due now, None if there is none.
    """

    moved: int
    malformed: int
    refused: int
    next_due_in_seconds: float | None
    refusal: StoreError | None = None

    def and_then(self, moved: Moved) -> Promoted:
        """Returns the same with some more moved."""
        return Promoted(
            self.moved + moved.to_queues,
            self.malformed + moved.to_dead,
            self.refused + moved.refused,
            self.next_due_in_seconds,
            moved.refusal or self.refusal,
        )


@attrs.frozen
class _Page:
    """Due members that were read together.

    Attributes:
        size: how many.
        moves: what is to be done with them.
        wait_seconds: until the one behind them is due: 0 if it is, None if there is none.
    """

    size: int
    moves: Moves = attrs.field(repr=False)
    wait_seconds: float | None


class DueJobs:
    """Moves due jobs to their queues, the earliest first."""

    def __init__(self, connection: Connection, keys: Keys) -> None:
        self._connection = connection
        self._keys = keys

    def promote(self, limit: int = _PAGE, pages: int = _PAGES_AT_ONCE) -> Promoted:
        """Moves what is due, so many pages of `limit` jobs at most from each of the two sets.

        While Redis moves a page the next is read and prepared. Safe to repeat after a lost reply.

        Raises:
            StoreUnavailable: as `Commands` says.
            StoreError: Redis refused: out of memory, or a set's key holds something else. The other set was
                seen to.
        """
        done: list[Promoted] = []
        failure: StoreError | None = None
        for key in (self._keys.retry, self._keys.schedule):
            try:
                done.append(self._promote_from(key, limit, pages))
            except StoreUnavailable:
                raise
            except StoreError as error:
                failure = error
        if failure is not None:
            raise failure
        waits = [part.next_due_in_seconds for part in done if part.next_due_in_seconds is not None]
        return Promoted(
            moved=sum(part.moved for part in done),
            malformed=sum(part.malformed for part in done),
            refused=sum(part.refused for part in done),
            next_due_in_seconds=min(waits, default=None),
            refusal=next((part.refusal for part in done if part.refusal is not None), None),
        )

    def _promote_from(self, key: str, limit: int, pages: int) -> Promoted:
        done, left, skip = Promoted(0, 0, 0, None), pages, 0
        first = page = self._read(key, limit, 0)
        while page is not None:
            following, moved = self._perform(page, key, limit, skip, is_last=left == 1)
            if moved.refusal is not None and "WRONGTYPE" not in moved.refusal.why:
                raise moved.refusal  # not one queue's trouble, but the server's: it would refuse them all
            done = done.and_then(moved)
            skip = done.refused  # those stay at the head of the set and must not hold up the ones behind them
            left -= moved.refused < page.size
            if following is None and moved.refused and moved.refused == page.size:
                following = self._read(key, limit, skip)
            # What was read ahead may have passed over some, where another node has moved others: so look again.
            wait = page.wait_seconds if page is first or not (done.moved or done.malformed) else 0.0
            page = following
        return attrs.evolve(done, next_due_in_seconds=wait)

    def _perform(self, page: _Page, key: str, limit: int, skip: int, *, is_last: bool) -> tuple[_Page | None, Moved]:
        """Moves a page, and meanwhile reads the one behind it, if there is any; returns that and what has moved."""
        if not page.size:
            return None, Moved(0, 0, 0, None)
        if page.wait_seconds == 0.0 and not is_last:
            ahead = self._reading(key, limit, skip + page.size)
            following, reply = self._connection.overlapped(ahead, page.moves.call(), partial(self._page, key))
            if reply is not None:
                return following, page.moves.done(reply)
        return None, page.moves.perform()

    def _read(self, key: str, limit: int, skip: int) -> _Page | None:
        call = self._reading(key, limit, skip)
        return self._page(key, self._connection.script(call.script, call.keys, call.args))

    def _reading(self, key: str, limit: int, skip: int) -> ScriptCall:
        return ScriptCall(DUE, (key,), (limit, skip, _MOST_BYTES))

    def _page(self, key: str, reply: Any) -> _Page | None:
        """Returns what a reply of the script tells; None for none."""
        if reply is None:
            return None
        now, payloads, next_at = float(reply[0]), reply[1], float(reply[2] or math.inf)
        moves = Moves(self._connection, self._keys, key)
        for payload in payloads:
            if (found := moves.job_of(payload, now)) is not None:
                job, queue = found
                moves.to_queue(payload, bookkeeping.enqueued(job, now=now), queue)
        return _Page(len(payloads), moves, None if next_at == math.inf else max(0.0, next_at - now))
