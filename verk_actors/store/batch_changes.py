"""What is written as a batch goes on, ends and is forgotten; pure.

Each change relies on the `turn` that it read and writes a new one, so that of two that do the same one is done.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from verk_actors.store.batch_making import enlisted, entry_in, flat, is_at, member_of_batch, nested_in, pushed
from verk_actors.store.batch_status import BatchRow
from verk_actors.store.commands import Argument
from verk_actors.store.effects import Effect, of_member
from verk_actors.store.guarded import Condition
from verk_actors.wire.keys import Keys


@attrs.frozen(kw_only=True)
class Change:
    """What is done next with a batch.

    Attributes:
        conditions: what it relies on.
        effects: what is written.
        others: the batches to be looked at then.
        completes, succeeds: whether it does so by this.
        is_last: nothing more is to be done for now.
    """

    conditions: Sequence[Condition]
    effects: Sequence[Effect]
    others: tuple[str, ...] = ()
    completes: bool = False
    succeeds: bool = False
    is_last: bool = False


def next_change(row: BatchRow, keys: Keys, coming: Sequence[bytes], now: float, turn: str) -> Change | None:
    """Returns what is to be done with a batch; None for nothing.

    Args:
        coming: the members of its next step.
        now: wall clock, unix seconds.
        turn: what is written as such.
    """
    status = row.status
    bid, parent = status.bid, status.parent
    as_read, again = is_at(keys, bid, row.turn), Effect("HSET", keys.batch(bid), ("turn", turn))
    if status.pending:
        if parent is None or not row.is_told:
            return None
        effects = (
            again,
            Effect("HDEL", keys.batch(bid), ("told",)),
            *of_member(parent, member_of_batch(bid), "pending", keys),
        )
        return Change(conditions=[as_read], effects=effects, others=(parent,))
    expires = Effect("ZADD", keys.batches_due, (status.expires_at, bid))
    held = Condition("HEXISTS", keys.batch(bid), ("held",), int(row.is_held))
    if row.is_held:
        return Change(conditions=[as_read, held], effects=(again, expires), is_last=True)
    quiet = [
        as_read,
        held,
        Condition("SCARD", keys.batch_pending(bid), (), 0),
        Condition("SCARD", keys.batch_failed(bid), (), status.failed),
    ]
    if row.sizes and not status.failed:
        others = tuple(found for member in coming if (found := nested_in(member)) is not None)
        effects = (again, *_begun(row, keys, coming, now), expires)
        return Change(conditions=quiet, effects=effects, others=others, is_last=True)
    completes = status.completed_at is None
    succeeds = not status.failed and status.succeeded_at is None
    effects = (*_ended(row, keys, now, turn, completes=completes, succeeds=succeeds), expires)
    others = () if parent is None else (parent,)
    return Change(
        conditions=quiet, effects=effects, others=others, completes=completes, succeeds=succeeds, is_last=True
    )


def _begun(row: BatchRow, keys: Keys, coming: Sequence[bytes], now: float) -> Iterator[Effect]:
    """Yields what brings the next step to the queues."""
    bid = row.status.bid
    rest = ",".join(map(str, row.sizes[1:]))
    sizes = Effect("HSET", keys.batch(bid), ("sizes", rest)) if rest else Effect("HDEL", keys.batch(bid), ("sizes",))
    yield sizes
    yield from enlisted(keys, bid, [entry_in(member, now) for member in coming])
    yield Effect("LTRIM", keys.batch_steps(bid), (len(coming), -1))
    for member in coming:
        if (nested := nested_in(member)) is not None:
            yield Effect("HDEL", keys.batch(nested), ("held",))
            yield Effect("ZADD", keys.batches_due, (0, nested))


def _ended(row: BatchRow, keys: Keys, now: float, turn: str, *, completes: bool, succeeds: bool) -> Iterator[Effect]:
    """Yields what enqueues the callbacks, each once, and tells the parent."""
    status, is_told = row.status, row.is_told
    fields: dict[str, Argument | None] = {"turn": turn}
    fields |= {"completed_at": now} if completes else {}
    fields |= {"succeeded_at": now} if succeeds else {}
    tells = status.parent is not None and (succeeds or (bool(status.failed) and not is_told))
    fields |= {"told": "1"} if tells and not succeeds else {}
    yield Effect("HSET", keys.batch(status.bid), flat(fields))
    callbacks = (completes and row.on_complete, succeeds and row.on_success)
    for payload in callbacks:
        if payload:
            yield from pushed(keys, [entry_in(payload, now)])
    if tells and status.parent is not None:
        yield from of_member(status.parent, member_of_batch(status.bid), "succeeded" if succeeds else "failed", keys)


def gone(row: BatchRow, keys: Keys, *, tells: bool = True) -> Change:
    """Returns what forgets a batch, whose parent counts it among the failed then.

    Args:
        tells: whether the parent is to know.
    """
    bid, parent = row.status.bid, row.status.parent
    told: tuple[Effect, ...] = ()
    others: tuple[str, ...] = ()
    if tells and parent is not None and row.status.succeeded_at is None:
        told, others = of_member(parent, member_of_batch(bid), "failed", keys), (parent,)
    return Change(conditions=[is_at(keys, bid, row.turn)], effects=(*_removed(keys, bid), *told), others=others)


def forgotten(bid: str, keys: Keys) -> Change:
    """Returns what removes the marks that members have left of a batch that is not there any more."""
    return Change(conditions=[Condition("EXISTS", keys.batch(bid), (), 0)], effects=_removed(keys, bid), is_last=True)


def _removed(keys: Keys, bid: str) -> tuple[Effect, ...]:
    held = (keys.batch(bid), keys.batch_pending(bid), keys.batch_failed(bid), keys.batch_steps(bid))
    return (
        *(Effect("DEL", key, ()) for key in held),
        Effect("ZREM", keys.batches, (bid,)),
        Effect("ZREM", keys.batches_due, (bid,)),
    )
