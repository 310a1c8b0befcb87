"""Removes all jobs of a queue or a set, without a batch that waits for one of them for ever."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from verk_actors.store.commands import Commands
from verk_actors.store.effects import MEMBERS_MARK
from verk_actors.store.scripts import CLEAR
from verk_actors.wire.keys import Keys

_PAGE = 250


def clear(
    commands: Commands,
    keys: Keys,
    key: str,
    kind: Literal["LIST", "ZSET"],
    delete: Callable[[Commands, Sequence[bytes]], object],
) -> bool:
    """Removes all jobs that are there now; returns whether there were any.

    In one step where there are no batches; else page by page, and each member by `delete`, which tells its batch.
    """
    passed, total = 0, 0
    while True:
        count, members = commands.script(CLEAR, (key, keys.batches_due), (MEMBERS_MARK, _PAGE, kind))
        if members:
            delete(commands, members)
        total, passed = total or count, passed + _PAGE
        if passed >= total:
            return total > 0
