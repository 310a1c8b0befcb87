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
        met: whether the median reaches the goal; None where there is none.
        others: what other processes took of the machine meanwhile, the median in percent.
    """

    row: str
    figure: str
    median: float
    least: float
    most: float
    goal: Goal | None
    met: bool | None
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
    """What one run of a row has measured, and what others took of the machine meanwhile, in percent."""

    figures: Figures
    others: float


def summarise(row: str, runs: Sequence[Run], *, brief: bool) -> Iterator[Measured]:
    """Yield each figure of a row; one that was measured only briefly has no goal."""
    others = statistics.median(run.others for run in runs)
    for figure in runs[0].figures:
        values = [run.figures[figure] for run in runs]
        median = statistics.median(values)
        goal = None if brief else ROWS[row].goals.get(figure)
        met = None if goal is None else goal.is_met(median)
        yield Measured(
            row=row,
            figure=figure,
            median=median,
            least=min(values),
            most=max(values),
            goal=goal,
            met=met,
            others=others,
        )


def text(report: Report) -> str:
    """Return the report as a table, with what was measured and where."""
    lines = [_line(figure) for figure in report.figures]
    table = lay_out(("ROW", "FIGURE", "MEDIAN", "LEAST", "MOST", "GOAL", "MET", "OTHERS"), lines)
    runs = "once, briefly: no goal can be judged" if report.brief else f"{report.runs} runs each"
    others = "OTHERS: what other processes took of the machine meanwhile; 50 % of two cores is a whole one"
    return f"{table}\n\n{others}\n{runs}\n{report.machine}"


def _line(figure: Measured) -> tuple[str, ...]:
    met = {None: "", True: "yes", False: "no"}[figure.met]
    numbers = (_number(value) for value in (figure.median, figure.least, figure.most))
    return (figure.row, figure.figure, *numbers, _goal(figure.goal), met, f"{figure.others:.0f} %")


def _goal(goal: Goal | None) -> str:
    if goal is None:
        return ""
    return f"≥ {_number(goal.least)}" if goal.least is not None else f"≤ {_number(goal.most or 0)}"


def _number(value: float) -> str:
    """Return a number with as many digits as mean something."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
