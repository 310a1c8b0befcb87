"""Rows of queues whose jobs run in processes of their own, or on an event loop."""

from __future__ import annotations

from verk_actors.cli.bench.drains import Drained, Figures, drain_marking, drain_noops
from verk_actors.cli.bench.ground import Ground
from verk_actors.cli.bench.jobs import compute, sleep
from verk_actors.cli.bench.nodes import QUEUE, Nodes, QueueTable

_PROCESSES, _MANY = 2, 4
_ROUNDS = 1_500  # of 10 to 20 µs
_AT_ONCE, _SLEEP_SECONDS = 1_000, 0.1


def in_processes(ground: Ground, count: int) -> Figures:
    """Drain no-op jobs with four processes; with a prefetch, as each job would be a fetch without."""
    with _with_processes(ground, _MANY, prefetch=100) as nodes:
        return {"jobs/s": drain_noops(ground, nodes, count, _MANY).rate}


def computing_in_processes(ground: Ground, count: int) -> Figures:
    """Run so many jobs of some 20 ms CPU time in one process, and twice as many in two."""

    def run(processes: int) -> Drained:
        with _with_processes(ground, processes) as nodes:
            return drain_marking(ground, nodes, compute.job(0, _ROUNDS), count * processes)

    one, two = run(1), run(_PROCESSES)
    return {"jobs/s": two.rate, "times one process": two.rate / one.rate}


def on_a_loop(ground: Ground, count: int) -> Figures:
    """Run jobs that sleep for 100 ms, 1,000 at once in one queue."""
    with Nodes(ground, queues={QUEUE: {"size": _AT_ONCE, "executor": "async"}}, warm_with=sleep.job(0, 0.0)) as nodes:
        drained = drain_marking(ground, nodes, sleep.job(0, _SLEEP_SECONDS), count)
    return drained.figures() | {"% of the ideal": drained.rate * _SLEEP_SECONDS / _AT_ONCE * 100}


def _with_processes(ground: Ground, size: int, prefetch: int = 0) -> Nodes:
    queue: QueueTable = {"size": size, "prefetch": prefetch, "executor": "process"}
    return Nodes(ground, queues={QUEUE: queue}, answering=size)
