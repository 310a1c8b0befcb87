"""Where a job can be in Redis, and who moves it, as a Mermaid state diagram."""

from __future__ import annotations

from collections.abc import Iterable

from verk_actors.diagrams.steps import Move, Way

_NOWHERE = "[*]"


def mermaid(ways: Iterable[Way]) -> str:
    """Return the diagram of all moves seen on these ways."""
    moves: dict[tuple[str, str, str], None] = {}
    for way in ways:
        place = _NOWHERE
        for step in way:
            if isinstance(step, Move):
                before, place = place, step.place or _NOWHERE
                moves[before, place, f"{step.sender}, {step.operation}"] = None
    places = dict.fromkeys(place for before, after, _ in moves for place in (before, after) if place != _NOWHERE)
    ids = {_NOWHERE: _NOWHERE} | {place: f"s{number}" for number, place in enumerate(places)}
    lines = ["stateDiagram-v2", *(f'    state "{place}" as {ids[place]}' for place in places)]
    lines += [f"    {ids[before]} --> {ids[after]}: {text}" for before, after, text in moves]
    return "\n".join(lines) + "\n"
