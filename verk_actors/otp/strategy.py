"""Which children stop and start when one of them ended; pure.

Source: supervisor(3), "Restart strategy".
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import TypeVar

Child = TypeVar("Child")


class Strategy(enum.Enum):
    """What the end of one child means for its siblings."""

    ONE_FOR_ONE = "one_for_one"
    """Only that child is restarted."""
    ONE_FOR_ALL = "one_for_all"
    """All children are stopped, then all are started."""
    REST_FOR_ONE = "rest_for_one"
    """The children started after it are stopped, then it and they are started."""


class AutoShutdown(enum.Enum):
    """Whether the end of significant children ends the supervisor."""

    NEVER = "never"
    ANY_SIGNIFICANT = "any_significant"
    ALL_SIGNIFICANT = "all_significant"


def affected(strategy: Strategy, children: Sequence[Child], failed: Child) -> list[Child]:
    """Return the children to restart, in start order, the failed one among them.

    They are stopped in the reverse of this order.
    """
    if strategy is Strategy.ONE_FOR_ONE:
        return [failed]
    if strategy is Strategy.ONE_FOR_ALL:
        return list(children)
    return list(children[children.index(failed) :])
