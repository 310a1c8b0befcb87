"""The jobs whose time has come: from the retry set and the schedule set to their queues.

Every node's schedule manager does this, and they share the work: what one has moved the others find gone.
Redis' clock decides what is due.
"""

from __future__ import annotations

import math

import attrs

from verk_actors.errors import StoreError, StoreUnavailable
from verk_actors.store.commands import Commands
from verk_actors.store.members import Malformed, member_of
from verk_actors.store.moves import Moved, Moves
from verk_actors.store.scripts import DUE
from verk_actors.wire import bookkeeping
from verk_actors.wire.keys import Keys

_PAGE = 250  # keeps each script well below 10 ms, in which Redis does nothing else,
_MOST_BYTES = 1 << 20  # and so does this, of payloads


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


@attrs.frozen
class _Due:
    now: float
    payloads: list[bytes] = attrs.field(repr=False)
    next_at: float | None


class DueJobs:
    """Moves due jobs to their queues, the earliest first."""

    def __init__(self, commands: Commands, keys: Keys) -> None:
        self._commands = commands
        self._keys = keys

    def promote(self, limit: int = _PAGE) -> Promoted:
        """Moves what is due, up to `limit` jobs from each of the two sets. Safe to repeat after a lost reply.

        Raises:
            StoreUnavailable: as `Commands` says.
            StoreError: Redis refused: out of memory, or a set's key holds something else. The other set was
                seen to.
        """
        done: list[Promoted] = []
        failure: StoreError | None = None
        for key in (self._keys.retry, self._keys.schedule):
            try:
                done.append(self._promote_from(key, limit))
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

    def _promote_from(self, key: str, limit: int) -> Promoted:
        refused, refusal = 0, None
        while True:
            due = self._read(key, limit, refused)
            moved = self._move(key, due) if due.payloads else Moved(0, 0, 0, None)
            refused += moved.refused
            refusal = moved.refusal or refusal
            # Those refused stay at the head of the set and must not hold up the ones behind them.
            if moved.refused == 0 or moved.to_queues or moved.to_dead:
                wait = None if due.next_at is None else max(0.0, due.next_at - due.now)
                return Promoted(moved.to_queues, moved.to_dead, refused, wait, refusal)

    def _read(self, key: str, limit: int, skip: int) -> _Due:
        now, payloads, next_at = self._commands.script(DUE, (key,), (limit, skip, _MOST_BYTES))
        score = float(next_at or math.inf)
        return _Due(float(now), payloads, None if score == math.inf else score)

    def _move(self, key: str, due: _Due) -> Moved:
        moves = Moves(self._commands, self._keys, key)
        for payload in due.payloads:
            member = member_of(payload)
            if isinstance(member, Malformed):
                moves.to_dead(payload, member.reason, due.now)
            elif member.queue is None:
                moves.to_dead(payload, "it names no queue", due.now)
            else:
                moves.to_queue(payload, bookkeeping.enqueued(member, now=due.now), member.queue)
        moved = moves.perform()
        if moved.refusal is not None and "WRONGTYPE" not in moved.refusal.why:
            raise moved.refusal  # not one queue's trouble, but the server's: it would refuse them all
        return moved
