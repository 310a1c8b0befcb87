"""Moves out of a sorted set, gathered and then done in one step: each only if its member is still there."""

from __future__ import annotations

from typing import Any

import attrs

from verk_actors.errors import StoreError
from verk_actors.store.commands import Argument, Commands
from verk_actors.store.locks import release_of
from verk_actors.store.refusals import refusal_of
from verk_actors.store.scripts import MOVE, ScriptCall
from verk_actors.wire import bookkeeping
from verk_actors.wire.jid import new_jid
from verk_actors.wire.keys import Keys

_DEAD, _FIRST_QUEUE = 3, 4  # among the keys of the script
_ARGS_PER_MOVE = 4
_QUEUE_OF_UNDECODABLE = "default"  # where its bytes go if it is requeued: it names none that can be read


@attrs.frozen
class Moved:
    """What has become of some moves; the rest of them found their member gone.

    Attributes:
        to_queues: members moved to their queues.
        to_dead: members moved to the dead set.
        refused: members that stay, since Redis refused to add them where they go.
        refusal: why the last of them was refused.
    """

    to_queues: int
    to_dead: int
    refused: int
    refusal: StoreError | None


class Moves:
    """Gathers moves of members of one set and performs them in one step. 1000 at most, for a short script."""

    def __init__(self, commands: Commands, keys: Keys, source: str) -> None:
        self._commands = commands
        self._keys = keys
        self._source = source
        self._args: list[Argument] = []
        self._queues: dict[str, int] = {}  # where they are among the keys of the script
        self._buried: list[int] = []  # which of the moves are to the dead set

    def to_queue(self, old: bytes, new: bytes, queue: str) -> None:
        """Adds a move of a member to a queue, as `new`; it runs after what waits there already."""
        self._args += (old, new, self._queues.setdefault(queue, _FIRST_QUEUE + len(self._queues)), "")

    def to_dead(self, old: bytes, reason: str | None, now: float) -> None:
        """Adds a move of a member to the dead set: as it is, or in an envelope that says why it is no job.

        Too long for an envelope, it goes as it is.
        """
        new = old
        if reason is not None:
            new = bookkeeping.undecodable(old, queue=_QUEUE_OF_UNDECODABLE, reason=reason, jid=new_jid(), now=now)
        self.to_dead_as(old, new, now)

    def to_dead_as(self, old: bytes, new: bytes, now: float) -> None:
        """Adds a move of a member to the dead set, as `new`."""
        self._buried.append(len(self._args) // _ARGS_PER_MOVE)
        self._args += (old, new, _DEAD, now)

    def perform(self) -> Moved:
        """Does all of them; a refused one stops no other. Safe to repeat. ZREM, and LPUSH or ZADD.

        What goes to the dead set loses its lock.
        """
        call = self.call()
        return self.done(self._commands.script(call.script, call.keys, call.args))

    def call(self) -> ScriptCall:
        """Returns what does all of them, for who sends it himself."""
        keys = (self._source, self._keys.queues, self._keys.dead, *map(self._keys.queue, self._queues))
        return ScriptCall(MOVE, keys, [len(self._queues), *self._queues, *self._args])

    def done(self, reply: Any) -> Moved:
        """Returns what has become of them, by the reply to the call, and sees to the locks of those that are dead."""
        flags, why = reply
        buried = [self._args[_ARGS_PER_MOVE * at] for at in self._buried if flags[at] == 1]
        release_of(self._commands, self._keys, [payload for payload in buried if isinstance(payload, bytes)])
        to_dead = len(buried)
        return Moved(
            to_queues=flags.count(1) - to_dead,
            to_dead=to_dead,
            refused=flags.count(-1),
            refusal=refusal_of(why.decode("utf-8", "replace"), "move", self._source) if why else None,
        )
