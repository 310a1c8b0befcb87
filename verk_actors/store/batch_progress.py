"""Goes on with the batches of one server: what every node's batch manager does, and they share the work."""

from __future__ import annotations

import attrs

from verk_actors.store.batch_changes import Change, forgotten, gone, next_change
from verk_actors.store.batch_making import is_at
from verk_actors.store.batch_status import BatchRow, BatchStatus, row_of
from verk_actors.store.commands import Commands
from verk_actors.store.guarded import perform
from verk_actors.store.replies import name_of
from verk_actors.store.scripts import BATCH
from verk_actors.wire.jid import new_jid
from verk_actors.wire.keys import Keys

_MOST_TRIES = 20  # of a look at one batch, whose members may end again and again meanwhile
_LATER_SECONDS = 15.0


@attrs.frozen(kw_only=True)
class Advanced:
    """What a look at one batch has done.

    Attributes:
        status: as it was read last; None where there is no such batch any more.
        others: the batches to be looked at then.
        completed, succeeded: whether it has done so by this.
    """

    status: BatchStatus | None
    others: tuple[str, ...] = ()
    completed: bool = False
    succeeded: bool = False


def change(commands: Commands, keys: Keys, bid: str, step: Change, turn: str) -> bool:
    """Does a change of a batch; returns whether it was, for it was as it had been read."""
    return perform(commands, step.conditions, [is_at(keys, bid, turn)], step.effects)


class BatchProgress:
    """The batches of one server that something is to be done about."""

    def __init__(self, commands: Commands, keys: Keys) -> None:
        self._commands = commands
        self._keys = keys

    def due(self, now: float, most: int) -> list[str]:
        """Returns batches of which a member has ended, or that have expired. ZRANGEBYSCORE."""
        found = self._commands.call("ZRANGEBYSCORE", self._keys.batches_due, "-inf", now, "LIMIT", 0, most)
        return [name_of(bid) for bid in found]

    def later(self, bid: str, now: float) -> None:
        """Has a batch that Redis refuses to go on with wait, so that it holds up no other. ZADD."""
        self._commands.call("ZADD", self._keys.batches_due, now + _LATER_SECONDS, bid)

    def advance(self, bid: str, now: float) -> Advanced:
        """Does what is to be done about a batch. Safe to repeat after a lost reply.

        Raises:
            StoreUnavailable, StoreError: as `Commands` says; it is due still.
        """
        others: dict[str, None] = {}
        completed = succeeded = False
        row: BatchRow | None = None
        for _ in range(_MOST_TRIES):
            row, turn = self._look(bid), new_jid()
            step = self._next(bid, row, now, turn)
            if step is None:
                break
            if not change(self._commands, self._keys, bid, step, turn):
                continue  # a member has ended, or another node was quicker
            others |= dict.fromkeys(step.others)
            completed, succeeded = completed or step.completes, succeeded or step.succeeds
            if step.is_last:
                break
        return Advanced(
            status=None if row is None else row.status, others=tuple(others), completed=completed, succeeded=succeeded
        )

    def _look(self, bid: str) -> BatchRow | None:
        keys = self._keys
        states = (keys.batch(bid), keys.batch_pending(bid), keys.batch_failed(bid), keys.batch_steps(bid))
        return row_of(bid, self._commands.script(BATCH, (*states, keys.batches_due), (bid,)))

    def _next(self, bid: str, row: BatchRow | None, now: float, turn: str) -> Change | None:
        if row is None:
            return forgotten(bid, self._keys)
        if row.status.expires_at <= now:
            return gone(row, self._keys)
        begins = row.sizes and not (row.status.pending or row.status.failed or row.is_held)
        coming = self._commands.call("LRANGE", self._keys.batch_steps(bid), 0, row.sizes[0] - 1) if begins else ()
        return next_change(row, self._keys, coming, now, turn)
