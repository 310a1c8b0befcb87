"""Whether a node's memory, threads, files or connections grow over a million no-op jobs.

Run: python tests/benchmarks/soak.py [--jobs N] [--redis URL]
Prints a row at each tenth. Fails if the resident memory grows by more than 5 MB from the first tenth to the last, if
threads, file descriptors or connections grow, or if keys are left. Jobs are enqueued in parts, so that the server's
memory stays small. One in a hundred fails and is retried at once. A short run has no time for its memory to settle,
so the limit holds from 100,000 jobs on. `--runs` is taken and ignored: all benchmarks have it.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import attrs
import redis

from verk_actors import ActorSystem, Config, JobClass, embedded, worker
from verk_actors.jobs.registry import Registry
from verk_actors.tree import names
from verk_actors.tree.messages import Unblock
from verk_actors.wire.codec import encode

REGISTRY = Registry()
QUEUE, WORKERS = "default", 25
PART = 5_000  # jobs enqueued at a time
FAILS_ONE_IN = 100
MOST_GROWTH_MB = 5.0
JUDGED_FROM_JOBS = 100_000
LOOK_SECONDS = 0.01
KEPT = ("stat:", "j|", "h|", "queues")  # counters, and the names of all queues there ever were


@worker(registry=REGISTRY)
class Soak(JobClass):
    """Does nothing, or fails at first."""

    failed: set[int] = set()  # noqa: RUF012  those that have failed and not yet succeeded; emptied as they do

    def perform(self, number: int, _: str) -> None:
        """Fail once where the number says so."""
        if number % FAILS_ONE_IN == 0:
            if number not in self.failed:
                self.failed.add(number)
                raise ValueError(f"bad at first: {number}")
            self.failed.discard(number)

    def retry_at(self, failed_at: float, _: int) -> float:
        """At once."""
        return failed_at


@attrs.frozen
class Row:
    """What a node uses after so many jobs."""

    jobs: int
    rss_mb: float
    threads: int
    fds: int
    connections: int

    def __str__(self) -> str:
        return f"{self.jobs:>9,} {self.rss_mb:>9.1f} {self.threads:>8} {self.fds:>5} {self.connections:>12}"


def usage(client: redis.Redis, jobs: int) -> Row:
    """Return what this process uses now."""
    gc.collect()
    connections = sum(row["name"].startswith("verk:") for row in client.client_list())
    return Row(jobs, resident_mb(), threading.active_count(), len(list(Path("/dev/fd").iterdir())), connections)


def resident_mb() -> float:
    """Return this process's resident memory; where /proc is missing, the most that it ever had."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # macOS counts bytes


def soak(url: str, jobs: int) -> Iterator[Row]:
    """Run that many jobs through one node; yields its usage at each tenth."""
    config = Config(queues={QUEUE: WORKERS}, redis_url=url, poll_interval_seconds=0.05)
    never = threading.Event()
    with redis.Redis.from_url(url) as client:
        client.flushall()
        system = ActorSystem.start(config, REGISTRY)
        try:
            general = system.whereis(names.GENERAL_CONNECTION)
            assert general is not None
            general.cast(Unblock(0))  # it connects at its first use, which belongs before the first row
            done = 0
            for tenth in range(1, 11):
                while done < jobs * tenth // 10:
                    part = min(PART, jobs * tenth // 10 - done)
                    enqueue(client, done, part)
                    done += part
                    while waiting(client):
                        never.wait(LOOK_SECONDS)
                yield usage(client, done)
        finally:
            system.stop()


def enqueue(client: redis.Redis, first: int, count: int) -> None:
    """Put jobs of about 280 bytes into the queue."""
    pipe = client.pipeline(transaction=False)
    job = attrs.evolve(Soak.job(0, "x" * 150), queue=QUEUE, created_at=1.5, enqueued_at=1.5)
    for number in range(first, first + count):
        pipe.lpush(f"queue:{QUEUE}", encode(attrs.evolve(job, jid=f"{number:024x}", args=[number, "x" * 150])))
    pipe.execute()


def waiting(client: redis.Redis) -> bool:
    """Whether some jobs have not ended."""
    return bool(client.llen(f"queue:{QUEUE}") or client.zcard("retry") or client.keys("inprogress:*"))


def complaints(rows: list[Row], left: list[str]) -> list[str]:
    """Return what is wrong."""
    first, last = rows[0], rows[-1]
    found = [f"keys are left: {', '.join(left)}"] if left else []
    growth = last.rss_mb - first.rss_mb
    if first.jobs >= JUDGED_FROM_JOBS and growth > MOST_GROWTH_MB:
        found.append(f"memory grew by {growth:.1f} MB")
    for name in ("threads", "fds", "connections"):
        before, after = getattr(first, name), getattr(last, name)
        found += [f"{name} grew from {before} to {after}"] if after > before else []
    return found


def main() -> None:
    """Run, print, judge."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--jobs", type=int, default=1_000_000)
    options.add_argument("--runs", type=int, default=1)
    options.add_argument("--redis", default="")
    chosen = options.parse_args()
    logging.basicConfig(level=logging.WARNING)
    with tempfile.TemporaryDirectory() as directory:
        url = chosen.redis or embedded.ensure(directory, fsync="no").url
        began = time.perf_counter()
        print("     jobs   RSS, MB  threads   fds  connections")
        rows: list[Row] = []
        for row in soak(url, chosen.jobs):
            print(row, flush=True)
            rows.append(row)
        seconds = time.perf_counter() - began
        with redis.Redis.from_url(url) as client:
            left = sorted(key.decode() for key in client.scan_iter())
            left = [key for key in left if not key.startswith(KEPT)]
        if not chosen.redis:
            embedded.stop(directory)
    print(f"{chosen.jobs / seconds:,.0f} jobs/s, enqueued in parts of {PART:,}; "
          f"{rows[-1].rss_mb - rows[0].rss_mb:+.1f} MB from {rows[0].jobs:,} to {rows[-1].jobs:,}")  # fmt: skip
    if found := complaints(rows, left):
        sys.exit("; ".join(found))


if __name__ == "__main__":
    main()
