"""Rows that time how soon a job starts: from the call that enqueues it to the first line of its perform."""

from __future__ import annotations

import random
from collections.abc import Sequence

from verk_actors.cli.bench import stock
from verk_actors.cli.bench.drains import Figures
from verk_actors.cli.bench.ground import Ground
from verk_actors.cli.bench.jobs import compute, marked
from verk_actors.cli.bench.marks import monotonic
from verk_actors.cli.bench.nodes import QUEUE, WORKERS, Nodes
from verk_actors.client import Client
from verk_actors.settings.config import Config

_PAUSE_SECONDS = (0.02, 0.12)
_BUSY, _BUSY_JOBS = "busy", 4
_BUSY_ROUNDS = 10**9  # hours; they are killed with their node


def idle_queue(ground: Ground, count: int) -> Figures:
    """Enqueue jobs one at a time while the node has nothing to do."""
    with Nodes(ground) as nodes:
        return _figures(_pickups(ground, nodes, count))


def busy_process(ground: Ground, count: int) -> Figures:
    """Enqueue jobs one at a time while four jobs of another queue compute in the same process."""
    queues = {QUEUE: {"size": WORKERS}, _BUSY: {"size": _BUSY_JOBS}}
    with Nodes(ground, queues=queues) as nodes:
        job = compute.job(0, _BUSY_ROUNDS)
        stock.push(ground, _BUSY, stock.payloads(job, _BUSY, range(_BUSY_JOBS)))
        ground.wait_until(lambda: not ground.pool.call("LLEN", ground.keys.queue(_BUSY)), "the busy jobs run")
        return _figures(_pickups(ground, nodes, count))


def _pickups(ground: Ground, nodes: Nodes, count: int) -> Sequence[float]:
    """Return the milliseconds from each call to the job's start, in order."""
    enqueued_at = []
    with Client(Config(redis_url=ground.url)) as client:
        for number in range(count):
            ground.pause(random.uniform(*_PAUSE_SECONDS))
            enqueued_at.append(monotonic())
            client.enqueue(marked.job(number, stock.FILLING))
    marks = nodes.wait_until_marked(count)
    return sorted((mark.at - enqueued_at[mark.number]) * 1000 for mark in marks)


def _figures(milliseconds: Sequence[float]) -> Figures:
    last = len(milliseconds) - 1
    return {f"p{part} ms": milliseconds[round(last * part / 100)] for part in (50, 95)} | {"max ms": milliseconds[-1]}
