"""What is written when a batch is made, and when it gets members; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import attrs

from verk_actors.store.commands import Argument
from verk_actors.store.effects import Effect
from verk_actors.store.entries import Entry
from verk_actors.store.guarded import MOST_ARGS, Condition
from verk_actors.wire import bookkeeping
from verk_actors.wire.codec import decode
from verk_actors.wire.keys import Keys

_NESTED = "bid:"
_MOST_WORDS = MOST_ARGS // 2


@attrs.frozen(kw_only=True)
class NewBatch:
    """A batch that is to be made.

    Attributes:
        stages: its members, step by step.
        on_complete, on_success: the callbacks; None for none.
        parent: a batch that is there already; of one within a new one it is known.
    """

    bid: str
    stages: Sequence[Sequence[Entry | NewBatch]]
    created_at: float
    expires_at: float
    description: str = ""
    parent: str | None = None
    on_complete: Entry | None = None
    on_success: Entry | None = None


def member_of_batch(bid: str) -> str:
    """Returns what a batch is called among the members of its parent."""
    return f"{_NESTED}{bid}"


def nested_in(member: bytes) -> str | None:
    """Returns the batch that a member is; None for a job."""
    return member.removeprefix(_NESTED.encode()).decode() if member.startswith(_NESTED.encode()) else None


def made(new: NewBatch, keys: Keys, turn: str, *, held: bool = False) -> Iterator[Effect]:
    """Yields what makes a batch, and those within it.

    Args:
        held: whether it is, or is within, a step to come of its parent.
    """
    now: Sequence[Entry | NewBatch] = () if held or not new.stages else new.stages[0]
    later = new.stages if held else new.stages[1:]
    ended_at = None if new.stages else new.created_at
    fields: dict[str, Argument | None] = {
        "turn": turn,
        "total": sum(map(len, new.stages)),
        "created_at": new.created_at,
        "expires_at": new.expires_at,
        "stages": max(1, len(new.stages)),
        "sizes": ",".join(str(len(stage)) for stage in later) or None,
        "description": new.description or None,
        "parent": new.parent,
        "on_complete": None if new.on_complete is None else new.on_complete.payload,
        "complete_jid": None if new.on_complete is None else new.on_complete.jid,
        "on_success": None if new.on_success is None else new.on_success.payload,
        "success_jid": None if new.on_success is None else new.on_success.jid,
        "held": "1" if held else None,
        "completed_at": ended_at,
        "succeeded_at": ended_at,
    }
    yield Effect("HSET", keys.batch(new.bid), flat(fields))
    yield Effect("ZADD", keys.batches_due, (new.expires_at, new.bid))
    if new.parent is None:
        yield Effect("ZADD", keys.batches, (new.created_at, new.bid))
    yield from enlisted(keys, new.bid, [_entry_of(item) for item in now])
    callbacks = () if new.stages else (new.on_complete, new.on_success)
    yield from pushed(keys, [entry for entry in callbacks if entry is not None])
    steps = [_step_of(item) for stage in later for item in stage]
    for at in range(0, len(steps), _MOST_WORDS):
        yield Effect("RPUSH", keys.batch_steps(new.bid), tuple(steps[at : at + _MOST_WORDS]))
    for stage, is_later in ((now, False), *((stage, True) for stage in later)):
        for item in stage:
            if isinstance(item, NewBatch):
                yield from made(attrs.evolve(item, parent=new.bid), keys, turn, held=held or is_later)


def joined(new: NewBatch, keys: Keys, parent: str) -> Iterator[Effect]:
    """Yields what makes a batch a member of another that is there already."""
    yield Effect("HINCRBY", keys.batch(parent), ("total", 1))
    if new.stages:
        yield Effect("SADD", keys.batch_pending(parent), (member_of_batch(new.bid),))


def enlisted(keys: Keys, bid: str, entries: Sequence[Entry]) -> Iterator[Effect]:
    """Yields what makes jobs members, and enqueues them; an entry without a payload is a batch, named by its jid."""
    for at in range(0, len(entries), _MOST_WORDS):
        jids = tuple(entry.jid for entry in entries[at : at + _MOST_WORDS])
        yield Effect("SADD", keys.batch_pending(bid), jids)
    yield from pushed(keys, [entry for entry in entries if entry.payload])


def is_open(keys: Keys, bid: str) -> list[Condition]:
    """Returns what has to hold of a batch that gets members: it is there, and some member may run."""
    return [
        Condition("EXISTS", keys.batch(bid), (), 1),
        Condition("HEXISTS", keys.batch(bid), ("succeeded_at",), 0),
        Condition("EXISTS", keys.batch_pending(bid), (), 1),
    ]


def is_at(keys: Keys, bid: str, turn: str) -> Condition:
    """Returns that a batch is as it was read."""
    return Condition("HGET", keys.batch(bid), ("turn",), turn)


def pushed(keys: Keys, entries: Sequence[Entry]) -> Iterator[Effect]:
    """Yields what enqueues and schedules jobs, those of a queue in their order."""

    def place(entry: Entry) -> tuple[bool, str]:
        return entry.score is None, entry.queue if entry.score is None else ""

    for (is_now, queue), found in groupby(sorted(entries, key=place), place):
        group = list(found)
        if is_now:
            yield Effect("SADD", keys.queues, (queue,))
        for at in range(0, len(group), _MOST_WORDS):
            part = group[at : at + _MOST_WORDS]
            if is_now:
                yield Effect("LPUSH", keys.queue(queue), tuple(entry.payload for entry in part))
            else:
                pairs = tuple(word for entry in part for word in (entry.score or 0.0, entry.payload))
                yield Effect("ZADD", keys.schedule, pairs)


def _entry_of(item: Entry | NewBatch) -> Entry:
    return item if isinstance(item, Entry) else Entry("", member_of_batch(item.bid), b"")


def _step_of(item: Entry | NewBatch) -> bytes:
    return item.payload if isinstance(item, Entry) else member_of_batch(item.bid).encode()


def entry_in(member: bytes, now: float) -> Entry:
    """Returns a job that was written when the batch was made, as it comes to its queue."""
    if nested_in(member) is not None:
        return Entry("", member.decode(), b"")
    job = decode(member)
    return Entry(job.queue or "default", job.jid or "", bookkeeping.begun(job, now=now))


def flat(fields: dict[str, Argument | None]) -> tuple[Argument, ...]:
    """Returns the fields that are given, as HSET takes them."""
    pairs: Iterable[tuple[str, Argument | None]] = fields.items()
    return tuple(word for name, value in pairs if value is not None for word in (name, value))
