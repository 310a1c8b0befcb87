"""Counts and times jobs, as Verk Stats does.

Shows: VerkStats, a sink of one's own; StatsD and a log in the same place.
Run: python examples/14_count_and_time_jobs.py
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Semaphore

from a_redis import a_redis

from verk_actors import ActorSystem, Client, Config, RegisterListener, worker
from verk_actors.integrations.verk_stats import Kind, VerkStats

ended = Semaphore(0)


@worker
def divide(a: float, b: float) -> float:
    return a / b


class Printer:  # instead of StatsD("127.0.0.1", 8125), or LoggerSink()
    def collect(self, kind: Kind, key: str, value: float, tags: Sequence[str]) -> None:
        amount = str(value) if kind == "counter" else "... ms"
        print(key, amount, *tags)
        if key in ("jobs.success.total_time", "jobs.failure"):  # the last of a run
            ended.release()


def main(redis_url: str) -> None:
    config = Config(queues={"default": 1}, redis_url=redis_url)
    system, stats = ActorSystem.start(config), VerkStats.start(Printer())
    system.ask(RegisterListener(stats, selector=VerkStats.EVENTS))

    with Client(config) as client:
        for job in (divide.job(6, 3), divide.job(1, 0)):
            client.enqueue(job)
            ended.acquire(timeout=10)
    system.stop()
    stats.stop()


if __name__ == "__main__":
    with a_redis() as url:
        main(url)

# Output:
#   jobs.start 1 worker:divide queue:default
#   jobs.success ... ms worker:divide queue:default
#   jobs.success.total_time ... ms worker:divide queue:default
#   jobs.start 1 worker:divide queue:default
#   jobs.failure ... ms worker:divide queue:default
