"""Rows with a great many jobs: whether memory grows, whether a full queue costs more, how soon what is due moves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from verk_actors.cli.bench import stock, usage
from verk_actors.cli.bench.drains import Figures, drain, drain_noops, noops
from verk_actors.cli.bench.ground import Ground
from verk_actors.cli.bench.jobs import noop
from verk_actors.cli.bench.marks import monotonic
from verk_actors.cli.bench.nodes import QUEUE, WORKERS, Nodes
from verk_actors.errors import VerkError

_SMALL_DRAINS = 10  # one alone is too short for its CPU time to mean much
_LOGGED_FROM_MICROSECONDS = 500
_LOOK_SECONDS = 0.02


def memory(ground: Ground, count: int) -> Figures:
    """Watch the resident memory of a node while two queues of 25 drain."""
    queues = (QUEUE, "mail")
    each = count // len(queues)
    last = min(WORKERS, each)
    sizes: list[tuple[int, float]] = []
    with Nodes(ground, queues={queue: {"size": WORKERS} for queue in queues}) as nodes:
        [pid] = nodes.pids
        jobs = {queue: noops(queue, each, last) for queue in queues}
        drain(
            ground,
            nodes,
            jobs,
            count=each * len(queues),
            marks=last * len(queues),
            watch=lambda: sizes.append((nodes.processed(), usage.resident_mb(pid))),
        )
        peak = usage.peak_mb(pid)
    at_a_tenth = next((size for done, size in sizes if done >= count / 10), sizes[-1][1])
    return {
        "peak MB": peak,
        "MB at a tenth": at_a_tenth,
        "MB more at the end than at a tenth": sizes[-1][1] - at_a_tenth,
    }


def backlog(ground: Ground, count: int) -> Figures:
    """Drain so many jobs at once, and a hundredth of them several times before and after."""
    with Nodes(ground) as nodes:
        small = [drain_noops(ground, nodes, count // 100) for _ in range(_SMALL_DRAINS // 2)]
        full = drain_noops(ground, nodes, count)
        small += [drain_noops(ground, nodes, count // 100) for _ in range(_SMALL_DRAINS // 2)]
    cpu = full.node_cpu_seconds / full.jobs
    cpu_of_small = sum(one.node_cpu_seconds for one in small) / sum(one.jobs for one in small)
    return {
        "CPU µs/job": cpu * 1e6,
        "CPU µs/job at a hundredth": cpu_of_small * 1e6,
        "times a hundredth": cpu / cpu_of_small,
    }


def due(ground: Ground, count: int) -> Figures:
    """Have so many scheduled jobs be due at once, and time how they move to a queue that nobody works."""
    key = ground.keys.schedule
    with Nodes(ground, queues={"other": {"size": 1}}, poll_interval_seconds=0.2) as nodes, _slow_log(ground):
        jobs = stock.payloads(noop.job(0, stock.FILLING), QUEUE, range(count), enqueued_at=None)
        stock.lay_schedule_aside(ground, jobs)
        cpu, began = nodes.cpu_seconds(), monotonic()
        stock.put_schedule_in_place(ground)
        ground.wait_until(lambda: not ground.pool.call("ZCARD", key), "all due jobs have moved", _LOOK_SECONDS)
        seconds, used = monotonic() - began, nodes.cpu_seconds() - cpu
        if (moved := ground.pool.call("LLEN", ground.keys.queue(QUEUE))) != count:
            raise VerkError(f"{count} jobs were due, {moved} have moved")
        longest = _longest_script_ms(ground)
    return {"jobs/s": count / seconds, "CPU µs/job": used / count * 1e6, "longest script ms": longest}


@contextmanager
def _slow_log(ground: Ground) -> Iterator[None]:
    """Have the server log what takes long, while the context lasts."""
    settings = {"slowlog-log-slower-than": _LOGGED_FROM_MICROSECONDS, "slowlog-max-len": 100_000}
    before = {name: ground.pool.call("CONFIG", "GET", name)[1] for name in settings}
    try:
        for name, value in settings.items():
            ground.pool.call("CONFIG", "SET", name, value)
        ground.pool.call("SLOWLOG", "RESET")
        yield
    finally:
        for name, value in before.items():
            ground.pool.call("CONFIG", "SET", name, value)


def _longest_script_ms(ground: Ground) -> float:
    """Return the longest time that a script took, or the one from which on it would have been logged."""
    entries = ground.pool.call("SLOWLOG", "GET", -1)
    scripts = [int(entry[2]) for entry in entries if entry[3][0].upper().startswith(b"EVAL")]
    return max(scripts, default=_LOGGED_FROM_MICROSECONDS) / 1000
