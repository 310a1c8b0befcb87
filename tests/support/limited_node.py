"""A node as a program whose job classes have limits, and write down when they run."""

from __future__ import annotations

import os
import sys
import threading

from redis import Redis

from verk_actors.jobs.context import current_job
from verk_actors.jobs.job_class import worker
from verk_actors.jobs.registry import Registry
from verk_actors.settings.config import Config
from verk_actors.settings.limit import Limit
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.tree.actor_system import ActorSystem

AT_A_TIME, INTERVAL_SECONDS, BURST = 3, 0.02, 4
LEASE_SECONDS = 2.0


def registry_of(redis: Redis) -> Registry:
    """Return the job classes."""
    registry, pid = Registry(), os.getpid()
    limits = [Limit("all", concurrency=AT_A_TIME), Limit("each", concurrency=1, key="customer")]
    rate = Limit("rate", rate=1, period_seconds=INTERVAL_SECONDS, burst=BURST)

    @worker(name="Capped", registry=registry, limits=limits)
    def capped(customer: str, fails: bool) -> None:
        current = current_job()
        redis.rpush("log", f"start {pid} {current.job.jid} {customer}")
        threading.Event().wait(0.01)
        redis.rpush("log", f"end {pid} {current.job.jid} {customer}")
        if fails and current.attempt == 1:
            raise ValueError("at first")
        redis.sadd("done", str(current.job.jid))

    @worker(name="Rated", registry=registry, limits=rate)
    def rated() -> None:
        seconds, micros = redis.time()
        redis.rpush("rated", seconds + micros / 1e6)
        redis.sadd("done", str(current_job().job.jid))

    return registry


if __name__ == "__main__":
    config = Config(
        redis_url=RedisUrl(sys.argv[1]),
        queues={"q": 8},
        heartbeat_seconds=LEASE_SECONDS / 2,
        poll_interval_seconds=0.05,
        presence=False,
        backoff=lambda *_: 0.0,
    )
    system = ActorSystem.start(config, registry_of(Redis.from_url(sys.argv[1])))
    print("up", flush=True)
    sys.stdin.read()
    system.stop()
