"""The geometry of small pictures that the server draws as SVG: bars, a line, a grid of cells. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import attrs


@attrs.frozen(kw_only=True)
class Bar:
    """A rectangle, in units of the picture; `strength` is 0 to 1, of the largest value."""

    x: float
    y: float
    width: float
    height: float
    strength: float


def bars(values: Sequence[float], *, width: float, height: float, most: float | None = None) -> tuple[Bar, ...]:
    """Return a bar for each value, side by side on the ground; a value above 0 is seen, however small.

    Args:
        values: not negative.
        width, height: of the picture.
        most: the value that fills the height; the largest of them unless given.
    """
    most = most or max(values, default=0) or 1
    step = width / max(1, len(values))
    found = []
    for at, value in enumerate(values):
        tall = max(1.5, height * value / most) if value else 0.0
        found.append(Bar(
            x=_near(at * step + step * 0.1), y=_near(height - tall), width=_near(step * 0.8), height=_near(tall),
            strength=value / most,
        ))  # fmt: skip
    return tuple(found)


def line(values: Sequence[float], *, width: float, height: float) -> str:
    """Return the points of a line through values, from the left to the right, as SVG has them."""
    most = max(values, default=0) or 1
    step = width / max(1, len(values) - 1)
    ground = height - 1
    points = (f"{_near(at * step)},{_near(ground - (ground - 1) * value / most)}" for at, value in enumerate(values))
    return " ".join(points)


def cells(columns: Sequence[Sequence[float]], *, width: float, height: float) -> tuple[Bar, ...]:
    """Return a cell for each value above 0; columns from the left, the values of one from the ground up."""
    most = max((value for column in columns for value in column), default=0) or 1
    step = width / max(1, len(columns))
    tall = height / max(1, max(map(len, columns), default=1))
    return tuple(
        Bar(
            x=_near(at * step),
            y=_near(height - (row + 1) * tall),
            width=_near(step * 0.92),
            height=_near(tall * 0.92),
            strength=round(value / most, 3),
        )
        for at, column in enumerate(columns)
        for row, value in enumerate(column)
        if value
    )


def _near(value: float) -> float:
    return round(value, 2)
