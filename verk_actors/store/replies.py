"""What replies of Redis hold: names, and lists in which every second element belongs to the one before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

_T = TypeVar("_T")


def name_of(text: bytes) -> str:
    """Returns a name read from Redis. One that isn't UTF-8, and so not ours, is escaped, to be shown."""
    return text.decode("utf-8", "backslashreplace")


def pairs(flat: Sequence[_T]) -> Iterator[tuple[_T, _T]]:
    """Returns the pairs of a list that has one after the other."""
    return zip(flat[::2], flat[1::2], strict=True)


def named(flat: Sequence[bytes]) -> Iterator[tuple[str, bytes]]:
    """Returns the fields of a hash, by name, with their values, from the reply to HGETALL."""
    return zip(map(name_of, flat[::2]), flat[1::2], strict=True)


def scored(flat: Sequence[bytes]) -> Iterator[tuple[bytes, float]]:
    """Returns the members of a sorted set with their scores, from a reply WITHSCORES."""
    return zip(flat[::2], map(float, flat[1::2]), strict=True)
