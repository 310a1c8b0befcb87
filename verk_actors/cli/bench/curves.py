"""Rows for the charts: jobs per second against how many wait, and against how many workers there are."""

from __future__ import annotations

from verk_actors.cli.bench.drains import Figures, drain_noops
from verk_actors.cli.bench.ground import Ground
from verk_actors.cli.bench.nodes import WORKERS, Nodes

_WORKERS = (1, 2, 5, 10, 25, 50, 100)
_PARTS = (1000, 100, 10, 1)
_LEAST_JOBS = 20_000  # fewer at a time are drained several times


def by_backlog(ground: Ground, count: int) -> Figures:
    """Drain a thousandth of so many jobs, a hundredth, a tenth, and all of them."""
    with Nodes(ground) as nodes:
        return {f"jobs/s of {count // part:,}": _rate(ground, nodes, count // part) for part in _PARTS}


def by_workers(ground: Ground, count: int) -> Figures:
    """Drain so many jobs with one worker, with two, and so on; each number of workers has a queue in the same node."""
    with Nodes(ground, queues={f"of-{workers}": {"size": workers} for workers in _WORKERS}) as nodes:
        return {
            f"jobs/s with {workers}": drain_noops(ground, nodes, count, workers, f"of-{workers}").rate
            for workers in _WORKERS
        }


def _rate(ground: Ground, nodes: Nodes, count: int) -> float:
    times = max(1, min(10, _LEAST_JOBS // count)) if count >= WORKERS else 1
    drained = [drain_noops(ground, nodes, count) for _ in range(times)]
    return count * times / sum(one.seconds for one in drained)
