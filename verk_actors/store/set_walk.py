"""Walks a set in the order of its times, a bounded part at a time: each part begins where the one before has ended.

Where it has ended is told by a time, and by how many members of exactly that time are behind: neither shifts while
members before it come and go, as ranks would.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from heapq import merge
from operator import itemgetter
from typing import TypeAlias

import attrs

from verk_actors.errors import VerkError, shown
from verk_actors.store.commands import Commands
from verk_actors.store.job_filter import JobFilter
from verk_actors.store.members import Member
from verk_actors.store.replies import scored
from verk_actors.store.set_pages import FIRST_COUNT, next_count

MOST_PASSED = 10_000  # in one part: 30 ms or so, for Redis and for whoever filters
MOST_BYTES = 8 << 20  # in one part

Entry: TypeAlias = tuple[float, bytes]
"""A member with its time."""

Place: TypeAlias = tuple[float, int]
"""How far a walk has come on one server: past all of earlier times, and past so many of exactly this time."""


@attrs.define(eq=False)
class InvalidCursor(VerkError):
    """Raised when a text is no cursor of this set; begin anew without one."""

    cursor: str

    def __str__(self) -> str:
        return f"{shown(self.cursor)} is no cursor of this set"


@attrs.frozen
class Cursor:
    """Where a walk goes on.

    Attributes:
        passed: how many members it has passed so far.
        total: how many there were when it began.
        places: where it goes on, on each server.
    """

    passed: int
    total: int
    places: tuple[Place, ...]

    def __str__(self) -> str:
        places = ",".join(f"{score!r}~{skip}" for score, skip in self.places)
        return f"{self.passed}/{self.total}:{places}"


@attrs.frozen(kw_only=True)
class SetPart:
    """What a part of a walk through a set has found.

    Attributes:
        members: those that fit, each with its time, in order.
        cursor: where the next part begins; None at the end of the set.
        passed: how many members have been looked at since the walk began, of `total` that there were then.
    """

    members: list[tuple[Member, float]]
    cursor: str | None
    passed: int
    total: int


def cursor_in(text: str | None, servers: Sequence[Commands], key: str, *, latest_first: bool = False) -> Cursor:
    """Returns the cursor that a text holds, or the one of a walk that begins. ZCARD, for the latter.

    Raises:
        InvalidCursor: it holds none for so many servers.
    """
    if text is None:
        start = (math.inf if latest_first else -math.inf, 0)
        return Cursor(0, sum(int(server.call("ZCARD", key)) for server in servers), (start,) * len(servers))
    try:
        counts, _, places = text.partition(":")
        passed, _, total = counts.partition("/")
        cursor = Cursor(_count(passed), _count(total), tuple(map(_place, places.split(","))))
    except ValueError:
        raise InvalidCursor(text) from None
    if len(cursor.places) != len(servers):
        raise InvalidCursor(text)
    return cursor


def read(server: Commands, key: str, place: Place, count: int, *, latest_first: bool = False) -> list[Entry]:
    """Returns the next members, at most so many. ZRANGE BYSCORE, O(log n + those of the same time that are behind)."""
    order = ("-inf", "BYSCORE", "REV") if latest_first else ("+inf", "BYSCORE")
    reply = server.call("ZRANGE", key, place[0], *order, "LIMIT", place[1], count, "WITHSCORES")
    return [(score, payload) for payload, score in scored(reply)]


def pages(server: Commands, key: str, place: Place, *, latest_first: bool = False) -> Iterator[list[Entry]]:
    """Yields the members from a place on, in pages that are short for Redis; nothing may be removed meanwhile."""
    count = FIRST_COUNT
    while page := read(server, key, place, count, latest_first=latest_first):
        yield page
        place = after(place, [score for score, _ in page])
        count = next_count(count, (payload for _, payload in page))


def after(place: Place, scores: Sequence[float]) -> Place:
    """Returns the place behind members of these times, in order, which begin at a place."""
    if not scores:
        return place
    skip = scores.count(scores[-1])
    return scores[-1], skip + (place[1] if scores[-1] == place[0] else 0)


def walk(
    servers: Sequence[Commands],
    key: str,
    where: JobFilter,
    cursor: Cursor,
    *,
    limit: int,
    most: int = MOST_PASSED,
    latest_first: bool = False,
) -> SetPart:
    """Returns the next members that fit, those of all servers in one order.

    Args:
        servers: where the set is.
        key: of the set.
        where: which fit.
        cursor: where to begin.
        limit: how many are found at most.
        most: how many are looked at, at most.
        latest_first: whether it goes from the latest time to the earliest, as the cursor has to.
    """
    walks = [
        _members(server, at, key, place, latest_first)
        for at, (server, place) in enumerate(zip(servers, cursor.places, strict=True))
    ]
    places, passed, size = list(cursor.places), cursor.passed, 0
    found: list[tuple[Member, float]] = []
    for score, payload, at in merge(*walks, key=itemgetter(0), reverse=latest_first):
        last, skip = places[at]
        places[at] = (score, skip + 1 if score == last else 1)
        passed += 1
        size += len(payload)
        member = where.found_in(payload)
        if member is not None:
            found.append((member, score))
        if len(found) == limit or passed - cursor.passed == most or size >= MOST_BYTES:
            break
    else:
        return SetPart(members=found, cursor=None, passed=passed, total=max(cursor.total, passed))
    is_end = passed >= cursor.total and not _has_more(servers, key, places, latest_first)
    go_on = None if is_end else str(Cursor(passed, max(cursor.total, passed), tuple(places)))
    return SetPart(members=found, cursor=go_on, passed=passed, total=max(cursor.total, passed))


def _members(
    server: Commands, at: int, key: str, place: Place, latest_first: bool
) -> Iterator[tuple[float, bytes, int]]:
    for page in pages(server, key, place, latest_first=latest_first):
        for score, payload in page:
            yield score, payload, at


def _has_more(servers: Sequence[Commands], key: str, places: Sequence[Place], latest_first: bool) -> bool:
    return any(
        read(server, key, place, 1, latest_first=latest_first) for server, place in zip(servers, places, strict=True)
    )


def _place(text: str) -> Place:
    score, _, skip = text.partition("~")
    if math.isnan(float(score)):
        raise ValueError(score)
    return float(score), _count(skip)


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise ValueError(text)
    return int(text)
