"""What limits say, as nodes tell it for tools: the nodes themselves go by their code and settings."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from verk_actors.errors import ConfigError
from verk_actors.settings.limit import Limit
from verk_actors.store.commands import Argument, Commands
from verk_actors.store.replies import name_of, named
from verk_actors.wire import strict_json
from verk_actors.wire.keys import Keys

_AT = "told_at"


@attrs.frozen
class ToldLimit:
    """A limit, and when a node told of it last, unix seconds."""

    limit: Limit
    told_at: float


def tell(commands: Commands, keys: Keys, limits: Iterable[Limit], now: float) -> None:
    """Tells what limits say. HSET; nothing where there are none."""
    words: list[Argument] = []
    for limit in limits:
        words += (limit.name, json.dumps({**attrs.asdict(limit), _AT: now}))
    if words:
        commands.call("HSET", keys.limits, *words)


def read(commands: Commands, keys: Keys) -> Mapping[str, ToldLimit]:
    """Returns what is told, by name, without what can't be read. HGETALL."""
    reply = commands.call("HGETALL", keys.limits)
    found = {name: _told(text) for name, text in named(reply)}
    return {name: told for name, told in found.items() if told is not None and told.limit.name == name}


def limited_ids(commands: Commands, keys: Keys, most: int = 0) -> list[str]:
    """Returns the ids of the limits that jobs wait for, those first that are due next; 0 is all. ZRANGE, O(n)."""
    return [name_of(id_) for id_ in commands.call("ZRANGE", keys.limited, 0, most - 1)]


def types_of_keys(commands: Commands, keys: Keys) -> Mapping[str, str]:
    """Returns what the keys of limits have to hold, of those that nodes told of, and of a hundred that are due next.

    Those that nodes can't see to are the first of these. HGETALL, ZRANGE, SMEMBERS.
    """
    nodes = [name_of(node_id) for node_id in commands.call("SMEMBERS", keys.nodes)]
    types: dict[str, str] = {}
    for id_ in {*read(commands, keys), *limited_ids(commands, keys, 100)}:
        types |= {keys.slots(id_, node_id): "hash" for node_id in (None, *nodes)}
        types |= {keys.arrival(id_): "string", keys.waiting(id_): "zset", keys.called(id_): "zset"}
    return types


def _told(text: bytes) -> ToldLimit | None:
    try:
        fields: Any = strict_json.parse(text)
        at = fields.pop(_AT)
        return ToldLimit(Limit(**fields), float(at))
    except (ValueError, TypeError, KeyError, AttributeError, ConfigError):
        return None
