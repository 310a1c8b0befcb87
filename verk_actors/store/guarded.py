"""Commands that are done together, and only if what they rely on holds still."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from verk_actors.store.commands import Argument, Commands
from verk_actors.store.effects import Effect
from verk_actors.store.scripts import GUARDED, ScriptCall

MOST_ARGS = 1000  # of one command, and so many together: a script of these takes Redis some 2 ms,
_MOST_BYTES = 1 << 20  # as it does for so many bytes

_LOOKS = {
    **dict.fromkeys(("LPUSH", "RPUSH", "LTRIM"), "LLEN"),
    **dict.fromkeys(("SADD", "SREM"), "SCARD"),
    **dict.fromkeys(("ZADD", "ZREM"), "ZCARD"),
    **dict.fromkeys(("HSET", "HDEL", "HINCRBY"), "HLEN"),
}
"""What fails by itself where a key holds something that the command can't write to."""


@attrs.frozen
class Condition:
    """What a command that reads has to reply.

    Attributes:
        command, key, args: the command.
        expected: the reply; empty for nil.
    """

    command: str
    key: str
    args: tuple[Argument, ...]
    expected: Argument


def perform(
    commands: Commands, conditions: Sequence[Condition], again: Sequence[Condition], effects: Sequence[Effect]
) -> bool:
    """Does the effects, all of them or none; returns whether it did.

    EVALSHA, or MULTI with one for each thousand words and MiB, in one round trip.

    Args:
        conditions: what has to hold.
        again: what has to hold for each further script: it relies on what the first has written.

    Raises:
        StoreUnavailable: its `sent` tells whether it may have been done.
        StoreError: Redis refused; nothing was done.
    """
    looks = {effect.key: look for effect in effects if (look := _LOOKS.get(effect.command)) is not None}
    parts = _parts(effects)
    calls = [_call(conditions, looks, parts[0]), *(_call(again, {}, part) for part in parts[1:])]
    return bool(commands.transaction(calls)[0])


def _parts(effects: Sequence[Effect]) -> list[list[Effect]]:
    parts: list[list[Effect]] = [[]]
    words = size = 0
    for effect in effects:
        count, length = len(effect.args), sum(len(arg) for arg in effect.args if isinstance(arg, bytes))
        words, size = words + count, size + length
        if parts[-1] and (words > MOST_ARGS or size > _MOST_BYTES):
            parts.append([])
            words, size = count, length
        parts[-1].append(effect)
    return parts


def _call(conditions: Sequence[Condition], looks: Mapping[str, str], effects: Sequence[Effect]) -> ScriptCall:
    keys = [*(one.key for one in conditions), *looks, *(effect.key for effect in effects)]
    args: list[Argument] = [len(conditions), len(looks)]
    for one in conditions:
        args += (2 + len(one.args), one.command, *one.args, one.expected)
    args += looks.values()
    for effect in effects:
        args += effect.words
    return ScriptCall(GUARDED, keys, args)
