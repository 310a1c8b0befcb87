"""Rows of queues whose jobs run in processes of their own, or on an event loop."""

from __future__ import annotations

from verk_actors.cli.bench.drains import Figures, drain_marking
from verk_actors.cli.bench.ground import Ground
from verk_actors.cli.bench.jobs import sleep
from verk_actors.cli.bench.nodes import QUEUE, Nodes

_AT_ONCE, _SLEEP_SECONDS = 1_000, 0.1


def on_a_loop(ground: Ground, count: int) -> Figures:
    """Run jobs that sleep for 100 ms, 1,000 at once in one queue."""
    with Nodes(ground, queues={QUEUE: {"size": _AT_ONCE, "executor": "async"}}, warm_with=sleep.job(0, 0.0)) as nodes:
        drained = drain_marking(ground, nodes, sleep.job(0, _SLEEP_SECONDS), count)
    return drained.figures() | {"% of the ideal": drained.rate * _SLEEP_SECONDS / _AT_ONCE * 100}
