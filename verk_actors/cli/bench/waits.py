"""The row of jobs that wait, which leave the processor to whoever hands them out; beside the least that does so."""

from __future__ import annotations

import select
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

from redis import Redis

from verk_actors.cli.bench import stock
from verk_actors.cli.bench.drains import AHEAD, Figures, drain_marking
from verk_actors.cli.bench.ground import Ground
from verk_actors.cli.bench.jobs import wait
from verk_actors.cli.bench.marks import monotonic
from verk_actors.cli.bench.nodes import QUEUE, WORKERS, Nodes

_SECONDS = 0.01
_IDEAL = WORKERS / _SECONDS
_LONGEST_SECONDS = 60.0  # without an answer, after which a thread ends too
_JOB = wait.job(0, _SECONDS)


def waiting(ground: Ground, count: int) -> Figures:
    """Run jobs that wait 10 ms, 25 at once: with the defaults, with a prefetch of 100, and by bare threads."""
    with Nodes(ground) as nodes:
        plain = drain_marking(ground, nodes, _JOB, count)
    with Nodes(ground, queues=AHEAD) as nodes:
        ahead = drain_marking(ground, nodes, _JOB, count)
    bare = _rate_of_bare_threads(ground, count)
    return plain.figures() | {
        "% of the ideal": plain.rate / _IDEAL * 100,
        "% of the ideal, prefetch=100": ahead.rate / _IDEAL * 100,
        "% of the ideal, bare threads": bare / _IDEAL * 100,
        "% of bare threads": plain.rate / bare * 100,
    }


def _rate_of_bare_threads(ground: Ground, count: int) -> float:
    """Have threads wait for each job, and this one take the job out of Redis for each, and out of a list once it ended.

    So one round trip comes between two jobs of a thread, as without a prefetch; by redis-py, and with nothing else.
    """
    queue, in_progress = ground.keys.queue(QUEUE), "bench:in-progress"
    stock.push(ground, QUEUE, stock.payloads(_JOB, QUEUE, range(count)))
    ended: SimpleQueue[tuple[bytes, Callable[[bytes | None], None]]] = SimpleQueue()

    def work() -> None:
        inbox: SimpleQueue[bytes | None] = SimpleQueue()
        job: bytes | None = b""
        while job is not None:
            ended.put((job, inbox.put))
            if job := inbox.get(timeout=_LONGEST_SECONDS):
                select.select([], [], [], _SECONDS)

    with Redis.from_url(ground.url) as redis, ThreadPoolExecutor(WORKERS) as threads:
        began, busy = monotonic(), WORKERS
        for _ in range(WORKERS):
            threads.submit(work)
        while busy:
            job, give = ended.get()
            step = redis.pipeline(transaction=False).lrem(in_progress, 1, job).rpoplpush(queue, in_progress)
            _, following = step.execute()
            give(following)
            busy -= following is None
        seconds = monotonic() - began
    ground.clear()
    return count / seconds
