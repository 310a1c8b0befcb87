"""The rows that were measured with peers, as Markdown: medians, spreads, and us against each."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

US = "verk_actors"
Row = Mapping[str, Any]

COLUMNS = {  # measure: (title, keys, whether more is better)
    "drain": ("Drain, no-op jobs/s", ("rate", "cpu_us_job"), True),
    "latency": ("Pickup from an idle queue, ms", ("p50", "p95"), False),
    "io": ("Jobs that wait 10 ms, jobs/s (ideal 2,500)", ("rate",), True),
    "fail": ("Failing jobs, jobs/s", ("rate",), True),
    "enqueue-one": ("Enqueue, one per call, jobs/s", ("rate",), True),
    "enqueue-bulk": ("Enqueue, many per call, jobs/s", ("rate",), True),
    "idle": ("Idle, one queue", ("cpu_pct", "cmds_s"), False),
}
NAMES = {"rate": "jobs/s", "cpu_us_job": "CPU µs/job", "cpu_pct": "% of a core", "cmds_s": "commands/s"}


def markdown(rows: Sequence[Row]) -> str:
    """Return a table for each measure, and the versions."""
    return "\n".join([*_tables(rows), *_versions(rows), *_errors(rows)])


def _tables(rows: Sequence[Row]) -> Iterator[str]:
    for measure, (title, keys, more_is_better) in COLUMNS.items():
        of_measure = [row for row in rows if row["measure"] == measure and not row.get("error")]
        peers = sorted({row["peer"] for row in of_measure}, key=_median_of(of_measure, keys[0]), reverse=more_is_better)
        if not peers:
            continue
        heads = [f"{NAMES.get(key, key)}{', us against it' * ratio}" for key in keys for ratio in (False, True)]
        yield f"### {title}\n\n| peer | runs | {' | '.join(heads)} |\n|{' --- |' * (len(heads) + 2)}"
        for peer in peers:
            cells = [cell for key in keys for cell in _cells(of_measure, peer, key)]
            runs = sum(row["peer"] == peer for row in of_measure)
            yield f"| {peer} | {runs} | {' | '.join(cells)} |"
        yield ""


def _values(rows: Sequence[Row], peer: str, key: str) -> list[float]:
    return [row[key] for row in rows if row["peer"] == peer and row.get(key) is not None]


def _median_of(rows: Sequence[Row], key: str) -> Callable[[str], float]:
    return lambda peer: statistics.median(_values(rows, peer, key) or [0.0])


def _cells(rows: Sequence[Row], peer: str, key: str) -> tuple[str, str]:
    """Return the median with its spread, and our median as a multiple of it."""
    values, ours = _values(rows, peer, key), _values(rows, US, key)
    if not values:
        return "-", "-"
    median = statistics.median(values)
    spread = f" ({_number(min(values))}-{_number(max(values))})" if len(values) > 1 else ""
    times = f"{statistics.median(ours) / median:.2f}" if ours and median and peer != US else ""
    return f"{_number(median)}{spread}", times


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _versions(rows: Sequence[Row]) -> Iterator[str]:
    found = {row["peer"]: row["versions"] for row in rows}
    yield from (f"- {peer}: {versions}" for peer, versions in sorted(found.items()))


def _errors(rows: Sequence[Row]) -> Iterator[str]:
    yield from (f"- {row['peer']}, {row['measure']}: {row['error']}" for row in rows if row.get("error"))
