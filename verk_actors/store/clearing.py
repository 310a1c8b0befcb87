"""Removes all jobs of a queue or a set, without a batch that waits for one of them for ever."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from verk_actors.store.commands import Argument, Commands
from verk_actors.store.effects import MEMBERS_MARK
from verk_actors.store.scripts import CLEAR
from verk_actors.wire import options
from verk_actors.wire.keys import Keys

_PAGE = 250  # takes Redis two milliseconds


def clear(commands: Commands, keys: Keys, key: str, kind: Literal["LIST", "ZSET"]) -> bool:
    """Removes all jobs that are there now; returns whether there were any.

    In one step where there are no batches; else page by page. The members of batches in a page are removed with the
    next one, once it is known of which batches they are.
    """
    left, members, total = _PAGE, (), None
    while members or left > 0:
        batches, words = _of_batches(members, keys)
        args = (MEMBERS_MARK, _PAGE if left > 0 else 0, kind, *words)
        count, members = commands.script(CLEAR, (key, keys.batches_due, *batches), args)
        total, left = (count, count - _PAGE) if total is None else (total, left - _PAGE)
    return bool(total)


def _of_batches(members: Sequence[bytes], keys: Keys) -> tuple[list[str], list[Argument]]:
    """Returns the keys of their batches, and what the script is told of each."""
    of_batch: dict[str, list[Argument]] = {}
    for payload in reversed(members):  # from the end that is next
        bid, jid = options.membership(payload)
        of_batch.setdefault(bid, []).extend((payload, jid))
    places = [place for bid in of_batch for place in (keys.batch_pending(bid), keys.batch_failed(bid))]
    words: list[Argument] = []
    for bid, pairs in of_batch.items():
        words += (bid, len(pairs) // 2, *pairs)
    return places, words
