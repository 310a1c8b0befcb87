"""Changes some keys of a payload and leaves every other byte as it is.

A job that was read is never written anew: Python may not give its arguments and foreign options back alike
(`1.0e+308` would become `1e+308`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from verk_actors.errors import MalformedJob
from verk_actors.wire.strict_json import dump

_SPACE = re.compile(r"[ \t\n\r]+")
# Values are skipped, not used: numbers stay text, so that none is too long
_skip_value = json.JSONDecoder(parse_int=str, parse_float=str).raw_decode


def splice(payload: bytes, changes: Mapping[str, str]) -> bytes:
    """Returns a payload with some of its top-level keys set.

    A key that is there keeps its place (the last place, where it has two, as for parsers). Other keys are
    appended in the order given.

    Args:
        payload: the JSON text of an object.
        changes: the new values as JSON texts, by key.

    Raises:
        MalformedJob: the payload isn't the JSON text of an object. `decode` says why.
    """
    members = _compact_members(payload)
    if members is None:
        return _spliced_in_place(payload, changes)
    for key, value in changes.items():
        members[key] = value.encode()
    pieces = []
    for key, value in members.items():
        pieces += [b",", _quoted(key) if key in changes else f'"{key}"'.encode(), b":", value]
    pieces[0] = b"{"
    return b"".join([*pieces, b"}"])


def _compact_members(payload: bytes) -> dict[str, Any] | None:
    """Returns the members of a payload, each value as it is written there, if it consists of them and nothing else.

    None otherwise: space, escapes in a key, or a key that is there twice, would make it longer.
    """
    try:
        members = _raw_members(payload)
    except _RAW_ERRORS:
        return None  # _scan is the judge
    size = 1
    for key, value in members.items():
        size += len(key) + len(value) + 4  # two quotes, a colon, and a comma or the brace
    return members if members and size == len(payload) else None


@lru_cache
def _quoted(key: str) -> bytes:
    return dump(key).encode()


def _spliced_in_place(payload: bytes, changes: Mapping[str, str]) -> bytes:
    """Returns the same for any payload."""
    try:
        text = payload.decode("utf-8")
        places, brace = _scan(text)
    except (ValueError, IndexError, RecursionError) as error:
        raise MalformedJob(payload, f"no JSON object to change: {type(error).__name__}") from error
    pieces = []
    done = 0
    for (start, end), key in sorted((places[key], key) for key in changes.keys() & places.keys()):
        pieces += [text[done:start], changes[key]]
        done = end
    pieces.append(text[done:brace])
    members = [f"{dump(key)}:{value}" for key, value in changes.items() if key not in places]
    if members and places:
        pieces.append(",")
    pieces += [",".join(members), text[brace:]]
    return "".join(pieces).encode()


def _scan(text: str) -> tuple[dict[str, tuple[int, int]], int]:
    """Returns where the value of each top-level key starts and ends, and where the closing brace is."""
    places: dict[str, tuple[int, int]] = {}
    at = _after("{", text, 0)
    more = text[at] != "}"
    while more:
        if text[at] != '"':
            raise ValueError("a key that is no text")
        key, end = _skip_value(text, at)
        start = _after(":", text, end)
        _, end = _skip_value(text, start)
        places[key] = start, end
        at = _skip_space(text, end)
        more = text[at] == ","
        if more:
            at = _after(",", text, at)
    if text[at] != "}" or _skip_space(text, at + 1) != len(text):
        raise ValueError("no end where it belongs")
    return places, at


def _after(mark: str, text: str, at: int) -> int:
    """Returns where the next thing after a mark starts, which may have space before and behind it."""
    at = _skip_space(text, at)
    if text[at] != mark:
        raise ValueError(f"no {mark} where one belongs")
    return _skip_space(text, at + 1)


def _skip_space(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at


def _no_members(_: bytes) -> dict[str, Any]:
    return {}


_raw_members: Callable[[bytes], dict[str, Any]]
_RAW_ERRORS: tuple[type[Exception], ...] = ()
try:
    import msgspec  # type: ignore[import-not-found, unused-ignore]
except ImportError:  # the extra `fast` isn't installed
    _raw_members = _no_members
else:
    _raw_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
    _RAW_ERRORS = (msgspec.MsgspecError, ValueError, RecursionError)
