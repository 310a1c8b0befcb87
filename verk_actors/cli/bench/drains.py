"""Rows that time how a queue is emptied: from the moment in which all jobs are there to the last one's run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain

import attrs

from verk_actors.cli.bench import stock
from verk_actors.cli.bench.ground import Ground
from verk_actors.cli.bench.jobs import fail, marked, noop
from verk_actors.cli.bench.marks import monotonic
from verk_actors.cli.bench.nodes import QUEUE, WORKERS, Nodes, QueueTable
from verk_actors.errors import VerkError
from verk_actors.wire.job import Job

Figures = Mapping[str, float]
"""What a run has measured, by its name and unit."""

AHEAD: Mapping[str, QueueTable] = {QUEUE: {"size": WORKERS, "prefetch": 100}}
"""A queue whose jobs are fetched ahead."""

_FILLING = stock.FILLING


@attrs.frozen(kw_only=True)
class Drained:
    """How long so many jobs took, and the CPU time of the nodes and of the server meanwhile."""

    jobs: int
    seconds: float
    node_cpu_seconds: float
    server_cpu_seconds: float

    @property
    def rate(self) -> float:
        """Jobs per second."""
        return self.jobs / self.seconds

    def figures(self) -> dict[str, float]:
        """Return what rows of this kind show."""
        return {
            "jobs/s": self.rate,
            "CPU µs/job": self.node_cpu_seconds / self.jobs * 1e6,
            "server CPU µs/job": self.server_cpu_seconds / self.jobs * 1e6,
        }


def drain(
    ground: Ground,
    nodes: Nodes,
    jobs: Mapping[str, Iterator[bytes]],
    *,
    count: int,
    marks: int,
    watch: Callable[[], object] = lambda: None,
) -> Drained:
    """Have running nodes run the jobs of some queues.

    Args:
        ground: where.
        nodes: those that work these queues.
        jobs: of each queue.
        count: how many there are in all.
        marks: how many of them set marks, the last ones among them.
        watch: called again and again meanwhile.

    Raises:
        VerkError: fewer or more jobs have run than there were.
    """
    for queue, payloads in jobs.items():
        stock.lay_aside(ground, queue, payloads)
    return drain_laid_aside(ground, nodes, list(jobs), count=count, marks=marks, watch=watch)


def drain_laid_aside(
    ground: Ground,
    nodes: Nodes,
    queues: Sequence[str],
    *,
    count: int,
    marks: int,
    watch: Callable[[], object] = lambda: None,
) -> Drained:
    """Have running nodes run what has been laid aside for some queues; the rest is as for `drain`."""
    before, expected = nodes.processed(), len(nodes.marks()) + marks
    server, cpu, began = ground.server_cpu_seconds(), nodes.cpu_seconds(), monotonic()
    for queue in queues:
        stock.put_in_place(ground, queue)
    ended = max(mark.at for mark in nodes.wait_until_marked(expected, watch))
    nodes.settled()
    drained = Drained(
        jobs=count,
        seconds=ended - began,
        node_cpu_seconds=nodes.cpu_seconds() - cpu,
        server_cpu_seconds=ground.server_cpu_seconds() - server,
    )
    if (ran := nodes.processed() - before) != count:
        raise VerkError(f"{count} jobs were enqueued, {ran} have run")
    return drained


def noops(queue: str, count: int, last: int) -> Iterator[bytes]:
    """Yield so many jobs that do nothing, and then some that mark the end."""
    return chain(
        stock.payloads(noop.job(0, _FILLING), queue, range(count - last)),
        stock.payloads(marked.job(0, _FILLING), queue, range(last)),
    )


def drain_noops(ground: Ground, nodes: Nodes, count: int, workers: int = WORKERS, queue: str = QUEUE) -> Drained:
    """Have running nodes run so many jobs that do nothing; as many as there are workers mark the end."""
    last = min(workers, count)
    return drain(ground, nodes, {queue: noops(queue, count, last)}, count=count, marks=last)


def drain_marking(ground: Ground, nodes: Nodes, job: Job, count: int) -> Drained:
    """Have running nodes run a job so many times that marks each of its runs."""
    return drain(ground, nodes, {QUEUE: stock.payloads(job, QUEUE, range(count))}, count=count, marks=count)


def one_node(ground: Ground, count: int) -> Figures:
    """Drain no-op jobs with the defaults."""
    with Nodes(ground) as nodes:
        return drain_noops(ground, nodes, count).figures()


def with_prefetch(ground: Ground, count: int) -> Figures:
    """Drain no-op jobs with a prefetch of 100, and without one."""
    with Nodes(ground) as nodes:
        plain = drain_noops(ground, nodes, count)
    with Nodes(ground, queues=AHEAD) as nodes:
        fetched = drain_noops(ground, nodes, count)
    return fetched.figures() | {"times no prefetch": fetched.rate / plain.rate}


def two_nodes(ground: Ground, count: int) -> Figures:
    """Drain no-op jobs with one node process, and with two."""
    with Nodes(ground) as nodes:
        one = drain_noops(ground, nodes, count)
    with Nodes(ground, count=2) as nodes:
        two = drain_noops(ground, nodes, count, 2 * WORKERS)
    return two.figures() | {"times one node": two.rate / one.rate}


def failing(ground: Ground, count: int) -> Figures:
    """Run jobs that fail and are to be retried."""
    with Nodes(ground) as nodes:
        drained = drain_marking(ground, nodes, fail.job(0, _FILLING), count)
        if (kept := ground.pool.call("ZCARD", ground.keys.retry)) != count:
            raise VerkError(f"{count} jobs have failed, {kept} will be retried")
    return drained.figures()


def logged(ground: Ground, count: int) -> Figures:
    """Drain no-op jobs with a line in a file for each start and each end."""
    with Nodes(ground, log_level="info") as nodes:
        lines = nodes.lines()
        drained = drain_noops(ground, nodes, count)
        ground.wait_until(lambda: nodes.lines() - lines >= 2 * count, "each job has two lines", 0.05)
    return drained.figures()
