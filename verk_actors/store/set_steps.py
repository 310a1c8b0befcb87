"""Does one thing to all members of a set that fit, a bounded step at a time: between steps, whoever asked for it sees
how far it is, and may leave it.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from verk_actors.errors import DoneInPart, StoreError
from verk_actors.store.commands import Commands
from verk_actors.store.job_filter import JobFilter
from verk_actors.store.members import payload_of
from verk_actors.store.queue import parts_of
from verk_actors.store.set_pages import FIRST_COUNT, next_count
from verk_actors.store.set_walk import MOST_BYTES, MOST_PASSED, Cursor, Entry, Place, after, read
from verk_actors.store.sweep import Act

MOST_MOVED = 2_000  # in one step, a fifth of a second or so; what is deleted takes a tenth of that
_MOST_COUNT = 250  # members in one part: a script that moves these takes Redis some 2 ms


@attrs.frozen(kw_only=True)
class SetStep:
    """What one step through a set has done.

    Attributes:
        done: to how many members it was done.
        refusal: why Redis refused it for some, as their queue's key holds something else; they stay.
        cursor: where the next step begins; None where all is done.
        passed: how many members have been looked at since the first step, of `total` that there were then. Those that
            came later may be among them, but no step goes on for ever because jobs fail again.
    """

    done: int
    refusal: StoreError | None
    cursor: str | None
    passed: int
    total: int


def step(
    servers: Sequence[Commands], key: str, where: JobFilter, cursor: Cursor, *, act: Act, most: int = MOST_MOVED
) -> SetStep:
    """Acts on the next members that fit, `most` or a few more, server by server.

    Raises:
        DoneInPart: it was done to some, and then Redis failed or refused.
        StoreUnavailable, StoreError: it was done to none.
    """
    pass_, places, is_end = _Pass(key, where, act, most, left=cursor.total - cursor.passed), list(cursor.places), True
    try:
        for at, server in enumerate(servers):
            places[at], is_end = pass_.over(server, places[at])
            if not is_end:
                break
    except StoreError as error:
        if pass_.done:
            raise DoneInPart(error.operation, error.key, error.why, pass_.done) from error
        raise
    passed = cursor.passed + pass_.passed
    is_end = is_end or passed >= cursor.total
    return SetStep(
        done=pass_.done,
        refusal=pass_.refusal,
        cursor=None if is_end else str(Cursor(passed, cursor.total, tuple(places))),
        passed=cursor.total if is_end else passed,
        total=cursor.total,
    )


@attrs.define
class _Pass:
    """One step: what it does to which members, how many were left before it, and how far it is."""

    key: str
    where: JobFilter
    act: Act
    most: int
    left: int
    passed: int = 0
    size: int = 0
    done: int = 0
    refusal: StoreError | None = None

    def over(self, server: Commands, place: Place) -> tuple[Place, bool]:
        """Acts on the next members on one server; returns where it has stopped, and whether that is the end there."""
        count = FIRST_COUNT
        while not self._is_enough():
            page = read(server, self.key, place, min(count, self.left - self.passed))
            if not page:
                return place, True
            payloads = [payload for _, payload in page]
            found = [self.where.found_in(payload) for payload in payloads]
            fitting = [payload_of(member) for member in found if member is not None]
            is_done = self._act_on(server, fitting)
            place = self._behind(server, place, page, set(fitting), is_done=is_done)
            self.passed += len(page)
            self.size += sum(map(len, payloads))
            count = next_count(count, payloads, _MOST_COUNT)
        return place, False

    def _is_enough(self) -> bool:
        return self.passed >= min(MOST_PASSED, self.left) or self.size >= MOST_BYTES or self.done >= self.most

    def _act_on(self, server: Commands, payloads: Sequence[bytes]) -> bool:
        """Acts on members; returns whether it was done to all of them."""
        before = self.done
        for part in parts_of(payloads):
            swept = self.act(server, part)
            self.done += swept.done
            self.refusal = swept.refusal or self.refusal
            if swept.refusal is not None and "WRONGTYPE" not in swept.refusal.why:
                raise swept.refusal  # not one queue's trouble, but the server's: it would refuse them all
        return self.done - before == len(payloads)

    def _behind(
        self, server: Commands, place: Place, page: Sequence[Entry], acted: set[bytes], *, is_done: bool
    ) -> Place:
        """Returns the place behind a page, of which those are gone that were acted on: all of them, if it was done."""
        last = page[-1][0]
        tail = [payload for score, payload in page if score == last]
        stay = [payload for payload in tail if payload not in acted]
        if not is_done:
            stay += [one for one in tail if one in acted and server.call("ZSCORE", self.key, one) is not None]
        return after(place if place[0] == last else (last, 0), [last] * len(stay))
