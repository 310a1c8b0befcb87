"""Reads a sorted set of any size page by page, each short for Redis and for the memory of whoever reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter

from verk_actors.store.commands import Argument, Commands
from verk_actors.store.replies import scored

FIRST_COUNT = 16  # nothing is known of the length of payloads yet
_MOST_COUNT = 500  # of small ones, which takes Redis half a millisecond
_MOST_MATCHED = 128  # where Redis looks into each of them, and does not tell how long those are that it leaves out
_ENOUGH_BYTES = 1 << 18  # in one page


def next_count(count: int, page: Iterable[bytes], most: int = _MOST_COUNT) -> int:
    """Returns how many to read next, `most` at most: from how many were asked for last, and the payloads that came."""
    return min(count * 2, most) if sum(map(len, page)) < _ENOUGH_BYTES else max(1, count // 2)


def pages_of(commands: Commands, key: str, match: Sequence[Argument] = ()) -> Iterator[list[tuple[bytes, float]]]:
    """Yields the members of a set with their scores, each page sorted by score, the pages in no order. ZSCAN.

    A member that is there all the time is read at least once, whatever else comes, goes or is moved meanwhile.

    Args:
        commands: where the set is.
        key: of the set.
        match: words that leave members out, such as `("MATCH", "*x*")`.
    """
    cursor, count, most = b"0", FIRST_COUNT, _MOST_MATCHED if match else _MOST_COUNT
    while True:
        cursor, reply = commands.call("ZSCAN", key, cursor, *match, "COUNT", count)
        page = sorted(scored(reply), key=itemgetter(1))
        if page:
            yield page
        if cursor == b"0":
            return
        count = next_count(count, (payload for payload, _ in page), most)
