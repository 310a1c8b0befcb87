"""Which queue of a group may fetch for how many of the free workers; pure.

Only queues that have jobs waiting are claimants, so what one does not need goes to the others.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs


@attrs.frozen
class Claimant:
    """A queue that has jobs waiting.

    Attributes:
        weight: how many jobs it is due while one of weight 1 is due one.
        served: how many it has had, divided by its weight.
    """

    weight: int
    served: float


def weighted(free: int, claimants: Sequence[Claimant], me: int) -> int:
    """Return how many of the free workers are for one claimant, as the weights say.

    Each worker goes to whoever has been served least for its weight, to the first of equals. So the shares tend to the
    weights whatever the steps in which workers come free, and nobody waits for ever.

    Args:
        free: how many workers there are to share.
        claimants: all of them, in the order of the group.
        me: which of them asks.

    Source: Waldspurger and Weihl, Stride Scheduling, 1995.
    """
    if len(claimants) == 1:
        return free
    served, mine = [claimant.served for claimant in claimants], 0
    for _ in range(free):
        next_one = served.index(min(served))
        served[next_one] += 1 / claimants[next_one].weight
        mine += next_one == me
    return mine


def strict(free: int, me: int) -> int:
    """Return all free workers for the first claimant, and none for those below it."""
    return free if me == 0 else 0
