"""How fast one node drains no-op jobs: 25 workers, one process, defaults, log level warning.

Run: python tests/benchmarks/drain.py [--jobs N] [--runs N] [--prefetch N] [--redis URL]
Without --redis, an embedded server in a temporary directory is used; a given one is emptied.
"""

from __future__ import annotations

import argparse
import logging
import platform
import statistics
import tempfile
import threading
import time

import attrs
import redis

from verk_actors import ActorSystem, Config, QueueConfig, embedded, worker
from verk_actors.registry import Registry
from verk_actors.wire.codec import encode

REGISTRY = Registry()
LOOK_SECONDS = 0.02  # how often Redis is asked whether all is done; part of what is measured


@worker(registry=REGISTRY)
def noop(*_: object) -> None:
    """Do nothing."""


def fill(client: redis.Redis, jobs: int) -> None:
    """Put jobs of about 280 bytes into the queue."""
    job = attrs.evolve(noop.job(1, "x" * 150), queue="default", created_at=1.5, enqueued_at=1.5)
    pipe = client.pipeline(transaction=False)
    for number in range(jobs):
        pipe.lpush("queue:default", encode(attrs.evolve(job, jid=f"{number:024x}")))
        if number % 5000 == 4999:
            pipe.execute()
    pipe.execute()


def drain(url: str, jobs: int, prefetch: int) -> tuple[float, float]:
    """Return jobs per second from the start of the node, and its CPU microseconds per job."""
    config = Config(queues={"default": QueueConfig(size=25, prefetch=prefetch)}, redis_url=url)
    with redis.Redis.from_url(url) as client:
        client.flushall()
        fill(client, jobs)
        never = threading.Event()
        began, cpu = time.perf_counter(), time.process_time()
        system = ActorSystem.start(config, REGISTRY)
        while int(client.get("stat:processed") or 0) < jobs:
            never.wait(LOOK_SECONDS)
        seconds, used = time.perf_counter() - began, time.process_time() - cpu
        system.stop()
        assert not client.keys("inprogress:*"), "jobs are left in progress"
    return jobs / seconds, used / jobs * 1e6


def main() -> None:
    """Drain several times and print medians and spread."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--jobs", type=int, default=50_000)
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--prefetch", type=int, default=0)
    options.add_argument("--redis", default="")
    chosen = options.parse_args()
    logging.basicConfig(level=logging.WARNING)
    with tempfile.TemporaryDirectory() as directory:
        url = chosen.redis or embedded.ensure(directory).url
        runs = [drain(url, chosen.jobs, chosen.prefetch) for _ in range(chosen.runs)]
        if not chosen.redis:
            embedded.stop(directory)
    rates = sorted(rate for rate, _ in runs)
    cpu = statistics.median(used for _, used in runs)
    spread = f"{rates[0]:,.0f} to {rates[-1]:,.0f}"
    print(f"{statistics.median(rates):,.0f} jobs/s ({spread}), {cpu:.1f} µs CPU per job, {chosen.jobs} jobs a run")
    print(f"Python {platform.python_version()} on {platform.machine()}, prefetch {chosen.prefetch}")


if __name__ == "__main__":
    main()
