"""A chart of one line: medians with their spreads, over a row of labels at equal distances."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import attrs
from benchmarks.figures import svg

WIDTH, HEIGHT = 640, 340
LEFT, RIGHT, TOP, BOTTOM = 70, 20, 44, 56
STEPS = (1, 2, 2.5, 5, 10)


@attrs.frozen(kw_only=True)
class Point:
    """What was measured for one label."""

    label: str
    median: float
    least: float
    most: float


def chart(title: str, below: str, points: Sequence[Point]) -> str:
    """Return the chart; the scale begins at 0."""
    return svg.picture(WIDTH, HEIGHT, title, _parts(title, below, points))


def step_of(most: float) -> float:
    """Return the distance of the rules: a round number, of which four to eight make the scale."""
    rough = most / 5
    magnitude = 10 ** math.floor(math.log10(rough))
    return next(step * magnitude for step in STEPS if step * magnitude >= rough)


def _parts(title: str, below: str, points: Sequence[Point]) -> Iterator[str]:
    step = step_of(max(point.most for point in points))
    top = step * math.ceil(max(point.most for point in points) / step)
    floor = HEIGHT - BOTTOM

    def x(number: int) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (number + 0.5) / len(points)

    def y(value: float) -> float:
        return floor - (floor - TOP) * value / top

    yield svg.text(title, LEFT, 22, font_weight="bold")
    for number in range(round(top / step) + 1):
        value = number * step
        yield svg.element("line", class_="rule", x1=LEFT, x2=WIDTH - RIGHT, y1=y(value), y2=y(value))
        yield svg.text(f"{value:,.0f}", LEFT - 8, y(value) + 4, class_="quiet", text_anchor="end")
    yield svg.element("polyline", class_="line", points=" ".join(
        f"{x(number):.1f},{y(point.median):.1f}" for number, point in enumerate(points)
    ))  # fmt: skip
    for number, point in enumerate(points):
        place = x(number)
        yield svg.element("line", class_="spread", x1=place, x2=place, y1=y(point.least), y2=y(point.most))
        tip = f"<title>{point.label}: {point.median:,.0f} ({point.least:,.0f} to {point.most:,.0f})</title>"
        yield svg.element("circle", tip, class_="dot", cx=place, cy=y(point.median), r=4)
        yield svg.text(f"{point.median:,.0f}", place, y(point.most) - 8, text_anchor="middle")
        yield svg.text(point.label, place, floor + 18, class_="quiet", text_anchor="middle")
    yield svg.text(below, (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, text_anchor="middle")
