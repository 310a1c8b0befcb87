"""Does one thing to any number of members of a set, in parts that are one short step each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import attrs

from verk_actors.errors import DoneInPart, StoreError
from verk_actors.store.commands import Commands
from verk_actors.store.queue import parts_of

_MOST_PER_STEP = 250  # moves: a script of these takes Redis some 2 ms


@attrs.frozen
class Swept:
    """What has become of one part.

    Attributes:
        done: to how many members it was done; the rest are gone, or can't have it done to them.
        refusal: why Redis refused it for the last of those for which it did.
    """

    done: int
    refusal: StoreError | None = None


Act: TypeAlias = Callable[[Commands, Sequence[bytes]], Swept]


def sweep(pages: Iterable[tuple[Commands, Sequence[bytes]]], act: Act) -> int:
    """Acts on each page in parts, on its server; returns to how many members it was done.

    What Redis refuses for one queue, whose key holds something else, holds up no other.

    Raises:
        DoneInPart: it was done to some, and then Redis failed or refused; or it refused it for some.
        StoreUnavailable, StoreError: it was done to none.
    """
    done, refusal = 0, None
    try:
        for server, payloads in pages:
            for part in parts_of(payloads, _MOST_PER_STEP):
                swept = act(server, part)
                done += swept.done
                refusal = swept.refusal or refusal
                if swept.refusal is not None and "WRONGTYPE" not in swept.refusal.why:
                    raise swept.refusal  # not one queue's trouble, but the server's: it would refuse them all
        if refusal is not None:
            raise refusal
    except StoreError as error:
        if done:
            raise DoneInPart(error.operation, error.key, error.why, done) from error
        raise
    return done
