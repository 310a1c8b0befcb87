"""Writes what was measured into docs/benchmarks.md, between its marks, and draws the charts.

Run: python tests/benchmarks/figures/document.py
Reads docs/benchmarks/bench.json and large.json (`verk bench --json`), peers.jsonl and all-peers.jsonl
(`compare.py`).
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[2]
sys.path.insert(0, str(TESTS))

from benchmarks.figures.chart import Point, chart  # noqa: E402
from benchmarks.peers import table  # noqa: E402

DOCS = TESTS.parent / "docs"
DOCUMENT, RESULTS, IMAGES = DOCS / "benchmarks.md", DOCS / "benchmarks", DOCS / "images"
CHARTS = {  # row: (title, below, what a figure's name is without its label)
    "by-backlog": ("No-op jobs a second, one process, 25 workers", "jobs that wait", "jobs/s of "),
    "by-workers": ("No-op jobs a second, one process", "workers", "jobs/s with "),
}
Figure = Mapping[str, Any]
Report = Mapping[str, Any]


def with_tables(text: str, reports: Sequence[Report], peers: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Return the document with its tables as they were measured."""
    tables = {"bench": "\n".join(_bench(reports))} | {name: table.markdown(rows) for name, rows in peers.items()}
    for name, found in tables.items():
        mark = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        text = mark.sub(lambda match, found=found: f"{match[1]}\n{found}\n\n{match[2]}", text)
    return text


def charts(reports: Sequence[Report]) -> dict[str, str]:
    """Return each chart by the name of its file."""
    figures: list[Figure] = [figure for report in reports for figure in report["figures"]]
    return {
        f"{row}.svg": chart(title, below, points)
        for row, (title, below, prefix) in CHARTS.items()
        if (points := [_point(figure, prefix) for figure in figures if figure["row"] == row])
    }


def _point(figure: Figure, prefix: str) -> Point:
    label = figure["figure"].removeprefix(prefix)
    return Point(label=label, median=figure["median"], least=figure["least"], most=figure["most"])


def _bench(reports: Sequence[Report]) -> Iterator[str]:
    yield f"| row | figure | runs | median (least to most) | goal | met | speed | others |\n|{' --- |' * 8}"
    for report in reports:
        for figure in report["figures"]:
            if figure["row"] not in CHARTS:
                yield _line(figure, figure.get("runs", report["runs"]))  # a row may be from another time
    for report in reports:
        machine = report["machine"]
        packages = ", ".join(f"{name} {found}" for name, found in machine["packages"].items())
        server = machine["server"].partition(" at ")[0]
        rows = ", ".join(f"`{row}`" for row in dict.fromkeys(figure["row"] for figure in report["figures"]))
        yield f"\n{rows}: {machine['cores']} cores ({machine['processor']}), load {machine['load']:.1f} before;"
        yield f"{machine['python']}; {packages}; {server}."


def _line(figure: Figure, runs: int) -> str:
    spread = f"{_number(figure['median'])} ({_number(figure['least'])} to {_number(figure['most'])})"
    met = {None: "", True: "yes", False: "**no**"}[figure["met"]]
    cells = (f"`{figure['row']}`", figure["figure"], runs, spread, _goal(figure["goal"]), met, _speed(figure))
    return f"| {' | '.join(map(str, cells))} | {figure['others']:.0f} % |"


def _speed(figure: Figure) -> str:
    """Return the machine's speed; results that are older than its measuring have none, and goals as for 1."""
    return f"{figure['speed']:.2f}" if "speed" in figure else ""


def _goal(goal: Mapping[str, float | None] | None) -> str:
    if goal is None:
        return ""
    return f"≥ {_number(goal['least'])}" if goal["least"] is not None else f"≤ {_number(goal['most'] or 0)}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def results() -> tuple[Sequence[Report], Mapping[str, Sequence[Mapping[str, Any]]]]:
    """Return what was measured, of us and of peers."""
    reports = [json.loads((RESULTS / name).read_text()) for name in ("bench.json", "large.json")]
    lines = {name: (RESULTS / f"{name}.jsonl").read_text().splitlines() for name in ("peers", "all-peers")}
    return reports, {name: [json.loads(line) for line in found] for name, found in lines.items()}


def main() -> None:
    reports, peers = results()
    DOCUMENT.write_text(with_tables(DOCUMENT.read_text(), reports, peers))
    for name, picture in charts(reports).items():
        (IMAGES / name).write_text(picture)


if __name__ == "__main__":
    main()
