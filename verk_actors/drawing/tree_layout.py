"""Where each process of a tree stands in its picture; pure.

From left to right as the tree goes down, each supervisor level with its first child. Workers that are all of one class
share a card, so that a pool of a thousand is no taller than one of ten.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import attrs

from verk_actors.otp import ProcessInfo

WIDTH = 190.0  # of a card
ANCHOR = 20.0  # where the lines to its neighbours meet a card, below its top
GAP = 24.0  # between columns
_ROW_GAP = 10.0
_WORKER_HEIGHT = 40.0
_SUPERVISOR_HEIGHT = 54.0  # with a line for its strategy
_FEWEST_ALIKE = 3  # two are as clear apart

CELL = 12.0  # of one of many, with its gap
CELLS_PER_ROW = 13
MOST_CELLS = 10 * CELLS_PER_ROW
CROWD_TOP = 44.0  # of its cells
_CROWD_BOTTOM = 10.0


@attrs.frozen(kw_only=True)
class Card:
    """One process in the picture, or many that are alike.

    Attributes:
        processes: one, or all those that share the card.
        x, y: its upper left corner.
        height: without what is below it in the tree.
        children: of a supervisor, in start order.
    """

    processes: Sequence[ProcessInfo]
    x: float
    y: float
    height: float
    children: Sequence[Card] = ()

    @property
    def process(self) -> ProcessInfo:
        """The process, or the first of those that share the card."""
        return self.processes[0]

    @property
    def bottom(self) -> float:
        """Where it and all its children end."""
        return max(self.y + self.height, *(child.bottom for child in self.children), 0.0)

    @property
    def right(self) -> float:
        """Likewise."""
        return max(self.x + WIDTH, *(child.right for child in self.children), 0.0)

    def walk(self) -> Iterator[Card]:
        """Yield this card and all below it, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()


def lay_out(root: ProcessInfo) -> Card:
    """Return the root's card, its corner at (0, 0), with all others below it."""
    return _place([root], 0.0, 0.0)


def _place(processes: Sequence[ProcessInfo], x: float, y: float) -> Card:
    children: list[Card] = []
    top = y
    for alike in _crowds(processes[0].children):
        children.append(_place(alike, x + WIDTH + GAP, top))
        top = children[-1].bottom + _ROW_GAP
    return Card(processes=processes, x=x, y=y, height=_height(processes), children=children)


def _crowds(children: Sequence[ProcessInfo]) -> Iterator[Sequence[ProcessInfo]]:
    """Yield the children one by one, but neighbours of one class that are no supervisors together."""
    for (_, is_supervisor), neighbours in groupby(children, key=lambda child: (child.kind, bool(child.strategy))):
        alike = list(neighbours)
        if is_supervisor or len(alike) < _FEWEST_ALIKE:
            yield from ([one] for one in alike)
        else:
            yield alike


def _height(processes: Sequence[ProcessInfo]) -> float:
    if len(processes) > 1:
        rows = -(-min(len(processes), MOST_CELLS) // CELLS_PER_ROW)
        return CROWD_TOP + rows * CELL + _CROWD_BOTTOM
    return _SUPERVISOR_HEIGHT if processes[0].strategy else _WORKER_HEIGHT
