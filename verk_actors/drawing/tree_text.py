"""Draws a supervision tree as text; pure.

Workers that are all alike take one line, so that a queue of a thousand is as short as one of two.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from verk_actors.drawing.ages import age
from verk_actors.errors import loggable
from verk_actors.otp import ProcessInfo

_FEWEST_ALIKE = 3  # two are shorter as they are


def draw(root: ProcessInfo, *, details: bool = True) -> str:
    """Return the tree, one line per process, or per row of processes that are alike.

    Args:
        root: a snapshot.
        details: what is remarkable beside each name, and how old it is; without, the same system is drawn the same
            every time.
    """
    lines = [(_name(root), [root]), *_below(root, "")]
    width = max(len(text) for text, _ in lines)
    return "\n".join(f"{text:{width}}  {_details(row)}".rstrip() if details else text for text, row in lines)


def _below(parent: ProcessInfo, indent: str) -> Iterator[tuple[str, Sequence[ProcessInfo]]]:
    rows = _rows(parent.children)
    for number, row in enumerate(rows, 1):
        last = number == len(rows)
        yield f"{indent}{'└─ ' if last else '├─ '}{_names(row)}", row
        if row[0].children:
            yield from _below(row[0], indent + ("   " if last else "│  "))


def _rows(children: Sequence[ProcessInfo]) -> list[Sequence[ProcessInfo]]:
    """Return the children, with neighbours together that differ in nothing but name and age."""
    rows: list[Sequence[ProcessInfo]] = []
    for _, alike in groupby(children, key=_likeness):
        row = list(alike)
        rows += [row] if len(row) >= _FEWEST_ALIKE and not row[0].children else [[one] for one in row]
    return rows


def _likeness(process: ProcessInfo) -> tuple[object, ...]:
    return (process.kind, process.state, process.restarts, process.inbox, bool(process.children))


def _names(row: Sequence[ProcessInfo]) -> str:
    return _name(row[0]) if len(row) == 1 else f"{_name(row[0])} … {_name(row[-1])} ({len(row)})"


def _name(process: ProcessInfo) -> str:
    return loggable(process.name)


def _details(row: Sequence[ProcessInfo]) -> str:
    process = row[0]
    if process.state != "running":
        return loggable(process.state)
    oldest = max(one.age_seconds for one in row)
    facts = [
        f"{age(oldest):>6}",
        f"restarted {times_in_words(process.restarts)}" if process.restarts else "",
        f"{process.inbox} waiting in its inbox" if process.inbox else "",
    ]
    return ", ".join(filter(None, facts))


def times_in_words(count: int) -> str:
    """Return once, twice, 3 times."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
