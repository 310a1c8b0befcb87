"""Medians and spreads of several runs, beside the goals; as a table or as JSON."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence

import attrs

from verk_actors.cli.bench.drains import Figures
from verk_actors.cli.bench.machine import Machine
from verk_actors.cli.bench.rows import ROWS, Goal
from verk_actors.cli.table import lay_out


@attrs.frozen(kw_only=True)
class Measured:
    """One figure of a row over all runs.

    Attributes:
        goal: as it is at this speed; None where there is none.
        met: whether the median reaches it.
        speed: how fast the machine ran Python meanwhile, the median; 1 is the speed for which absolute goals are given.
        others: what other processes took of the machine meanwhile, the median in percent.
    """

    row: str
    figure: str
    median: float
    least: float
    most: float
    goal: Goal | None
    met: bool | None
    speed: float
    others: float


@attrs.frozen(kw_only=True)
class Report:
    """All that was measured, and where."""

    machine: Machine
    runs: int
    brief: bool
    figures: Sequence[Measured]


@attrs.frozen(kw_only=True)
class Run:
    """What one run of a row has measured, the machine's speed, and what others took of it meanwhile, in percent."""

    figures: Figures
    speed: float
    others: float


def summarise(row: str, runs: Sequence[Run], *, brief: bool) -> Iterator[Measured]:
    """Yield each figure of a row; one that was measured only briefly has no goal."""
    others, speed = (
        statistics.median(values) for values in zip(*((run.others, run.speed) for run in runs), strict=True)
    )
    for figure in runs[0].figures:
        values = [run.figures[figure] for run in runs]
        median = statistics.median(values)
        floor = None if brief else ROWS[row].goals.get(figure)
        goal = None if floor is None else floor.at(speed)
        yield Measured(
            row=row,
            figure=figure,
            median=median,
            least=min(values),
            most=max(values),
            goal=goal,
            met=None if goal is None else goal.is_met(median),
            speed=speed,
            others=others,
        )


def text(report: Report) -> str:
    """Return the report as a table, with what was measured and where."""
    lines = [_line(figure) for figure in report.figures]
    table = lay_out(("ROW", "FIGURE", "MEDIAN", "LEAST", "MOST", "GOAL", "MET", "SPEED", "OTHERS"), lines)
    runs = "once, briefly: no goal can be judged" if report.brief else f"{report.runs} runs each"
    speed = "SPEED: how fast Python ran; GOAL: at this speed, where it goes with that"
    others = "OTHERS: what other processes took of the machine meanwhile; 50 % of two cores is a whole one"
    return f"{table}\n\n{speed}\n{others}\n{runs}\n{report.machine}"


def _line(figure: Measured) -> tuple[str, ...]:
    met = {None: "", True: "yes", False: "no"}[figure.met]
    numbers = (_number(value) for value in (figure.median, figure.least, figure.most))
    return (
        figure.row,
        figure.figure,
        *numbers,
        _goal(figure.goal),
        met,
        f"{figure.speed:.2f}",
        f"{figure.others:.0f} %",
    )


def _goal(goal: Goal | None) -> str:
    if goal is None:
        return ""
    return f"≥ {_number(goal.least)}" if goal.least is not None else f"≤ {_number(goal.most or 0)}"


def _number(value: float) -> str:
    """Return a number with as many digits as mean something."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
