"""Moves out of a sorted set, gathered and then done in one step: each only if its member is still there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from verk_actors.errors import StoreError
from verk_actors.store.commands import Argument, Commands
from verk_actors.store.effects import Effect, effects_of_end, effects_of_requeue, matters
from verk_actors.store.members import Malformed, member_of
from verk_actors.store.refusals import refusal_of
from verk_actors.store.scripts import MOVE, ScriptCall
from verk_actors.wire import bookkeeping
from verk_actors.wire.jid import new_jid
from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys

_NOWHERE, _DEAD, _FIRST_QUEUE = 0, 3, 4  # among the keys of the script
_QUEUE_OF_UNDECODABLE = "default"  # where its bytes go if it is requeued: it names none that can be read


@attrs.frozen
class Moved:
    """What has become of some moves; the rest of them found their member gone.

    Attributes:
        to_queues: members moved to their queues.
        to_dead: members moved to the dead set.
        removed: members removed.
        refused: members that stay, since Redis refused to add them where they go.
        refusal: why the last of them was refused.
    """

    to_queues: int
    to_dead: int
    refused: int
    refusal: StoreError | None
    removed: int = 0


class Moves:
    """Gathers moves of members of one set and performs them in one step. 1000 at most, for a short script."""

    def __init__(self, commands: Commands, keys: Keys, source: str) -> None:
        self._commands = commands
        self._keys = keys
        self._source = source
        self._args: list[Argument] = []
        self._queues: dict[str, int] = {}  # where they are among the keys of the script
        self._places: list[int] = []  # where each of the moves goes
        self._effects: list[tuple[int, Effect]] = []  # each with the number of its move

    def to_queue(self, old: bytes, new: bytes, queue: str) -> None:
        """Adds a move of a member to a queue, as `new`; it runs after what waits there already."""
        self._add(old, new, self._queues.setdefault(queue, _FIRST_QUEUE + len(self._queues)), "")

    def to_dead(self, old: bytes, reason: str | None, now: float) -> None:
        """Adds a move of a member to the dead set: as it is, or in an envelope that says why it is no job.

        Too long for an envelope, it goes as it is.
        """
        new = old
        if reason is not None:
            new = bookkeeping.undecodable(old, queue=_QUEUE_OF_UNDECODABLE, reason=reason, jid=new_jid(), now=now)
        self.to_dead_as(old, new, now)

    def job_of(self, payload: bytes, now: float) -> tuple[Job, str] | None:
        """Returns the job that a member is, with its queue; what is none, or names none, is to go to the dead set."""
        member = member_of(payload)
        if isinstance(member, Malformed):
            self.to_dead(payload, member.reason, now)
        elif member.queue is None:
            self.to_dead(payload, "it names no queue", now)
        else:
            return member, member.queue
        return None

    def to_dead_as(self, old: bytes, new: bytes, now: float) -> None:
        """Adds a move of a member to the dead set, as `new`; it loses its lock, and its batch counts it as failed."""
        self._add(old, new, _DEAD, now, effects_of_end(old, self._keys))

    def again(self, old: bytes, new: bytes, queue: str) -> None:
        """Adds a move to a queue of a member that has come to its end; its batch waits for it again."""
        place = self._queues.setdefault(queue, _FIRST_QUEUE + len(self._queues))
        self._add(old, new, place, "", effects_of_requeue(old, self._keys))

    def remove(self, old: bytes) -> None:
        """Adds the removal of a member; it loses its lock, and its batch counts it as failed."""
        self._add(old, b"", _NOWHERE, "", effects_of_end(old, self._keys))

    def perform(self) -> Moved:
        """Does all of them; a refused one stops no other. Safe to repeat. ZREM, and LPUSH or ZADD."""
        call = self.call()
        return self.done(self._commands.script(call.script, call.keys, call.args))

    def call(self) -> ScriptCall:
        """Returns what does all of them, for who sends it himself."""
        places = (self._source, self._keys.queues, self._keys.dead, *map(self._keys.queue, self._queues))
        args = [len(self._queues), len(self._places), *self._queues, *self._args]
        for number, effect in self._effects:
            args += (number, *effect.words)
        return ScriptCall(MOVE, (*places, *(effect.key for _, effect in self._effects)), args)

    def done(self, reply: Any) -> Moved:
        """Returns what has become of them, by the reply to the call."""
        flags, why = reply
        done = [place for place, flag in zip(self._places, flags, strict=True) if flag == 1]
        return Moved(
            to_queues=sum(place >= _FIRST_QUEUE for place in done),
            to_dead=done.count(_DEAD),
            removed=done.count(_NOWHERE),
            refused=flags.count(-1),
            refusal=refusal_of(why.decode("utf-8", "replace"), "move", self._source) if why else None,
        )

    def _add(self, old: bytes, new: bytes, place: int, score: float | str, effects: tuple[Effect, ...] = ()) -> None:
        self._places.append(place)
        self._args += (old, new, place, score)
        self._effects += ((len(self._places), effect) for effect in effects)


def remove(commands: Commands, keys: Keys, source: str, payloads: Sequence[bytes]) -> int:
    """Removes members of a set; returns how many were there. ZREM, and a script for those whose end has effects."""
    plain = [payload for payload in payloads if not matters(payload)]
    count = int(commands.call("ZREM", source, *plain)) if plain else 0
    if len(plain) == len(payloads):
        return count
    moves = Moves(commands, keys, source)
    for payload in filter(matters, payloads):
        moves.remove(payload)
    return count + moves.perform().removed
