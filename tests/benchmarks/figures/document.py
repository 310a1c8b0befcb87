"""Writes what was measured into docs/benchmarks.md, between its marks, and draws the charts.

Run: python tests/benchmarks/figures/document.py
Reads docs/benchmarks/bench.json (`verk bench --json`) and docs/benchmarks/peers.jsonl (`compare.py`).
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


def with_tables(text: str, bench: Mapping[str, Any], peers: Sequence[Mapping[str, Any]]) -> str:
    """Return the document with its tables as they were measured."""
    tables = {"bench": "\n".join(_bench(bench)), "peers": table.markdown(peers)}
    for name, found in tables.items():
        mark = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        text = mark.sub(lambda match, found=found: f"{match[1]}\n{found}\n\n{match[2]}", text)
    return text


def charts(figures: Sequence[Figure]) -> dict[str, str]:
    """Return each chart by the name of its file."""
    return {
        f"{row}.svg": chart(title, below, points)
        for row, (title, below, prefix) in CHARTS.items()
        if (points := [_point(figure, prefix) for figure in figures if figure["row"] == row])
    }


def _point(figure: Figure, prefix: str) -> Point:
    label = figure["figure"].removeprefix(prefix)
    return Point(label=label, median=figure["median"], least=figure["least"], most=figure["most"])


def _bench(report: Mapping[str, Any]) -> Iterator[str]:
    yield f"| row | figure | median of {report['runs']} (least to most) | goal | met | others |\n|{' --- |' * 6}"
    for figure in report["figures"]:
        if figure["row"] in CHARTS:
            continue
        spread = f"{_number(figure['median'])} ({_number(figure['least'])} to {_number(figure['most'])})"
        others = f"{figure['others']:.0f} %"
        met = {None: "", True: "yes", False: "**no**"}[figure["met"]]
        yield f"| `{figure['row']}` | {figure['figure']} | {spread} | {_goal(figure['goal'])} | {met} | {others} |"
    machine = report["machine"]
    packages = ", ".join(f"{name} {found}" for name, found in machine["packages"].items())
    server = machine["server"].partition(" at ")[0]
    yield f"\n{machine['cores']} cores ({machine['processor']}), load {machine['load']:.1f} before;"
    yield f"{machine['python']}; {packages}; {server}."


def _goal(goal: Mapping[str, float | None] | None) -> str:
    if goal is None:
        return ""
    return f"≥ {_number(goal['least'])}" if goal["least"] is not None else f"≤ {_number(goal['most'] or 0)}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def results() -> tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]:
    """Return what was measured, of us and of peers."""
    peers = (RESULTS / "peers.jsonl").read_text().splitlines()
    return json.loads((RESULTS / "bench.json").read_text()), [json.loads(line) for line in peers]


def main() -> None:
    bench, peers = results()
    DOCUMENT.write_text(with_tables(DOCUMENT.read_text(), bench, peers))
    for name, picture in charts(bench["figures"]).items():
        (IMAGES / name).write_text(picture)


if __name__ == "__main__":
    main()
