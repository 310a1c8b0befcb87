"""Runs many jobs that wait, all at once in one thread; one of them takes too long.

Shows: async def perform, QueueConfig(executor="async", timeout_seconds=...), enqueue_many, JobFailed.
Run: python examples/10_many_jobs_on_one_loop.py
"""

from __future__ import annotations

import asyncio
from queue import SimpleQueue
from threading import current_thread

from a_redis import a_redis

from verk_actors import ActorSystem, Client, Config, EventListener, QueueConfig, worker
from verk_actors.events import Event, JobFailed
from verk_actors.messages import RegisterListener

fetched: SimpleQueue[tuple[int, str]] = SimpleQueue()
failures: SimpleQueue[str] = SimpleQueue()


@worker(queue="pages")
async def fetch(page: int) -> None:
    await asyncio.sleep(0.1)
    fetched.put((page, current_thread().name))


@worker(queue="pages", max_retry_count=0)
async def hang() -> None:
    await asyncio.sleep(3600)


class Watcher(EventListener):
    def handle_event(self, event: Event) -> None:
        assert isinstance(event, JobFailed)  # all that it is told of
        failures.put(f"{event.job.class_}: {event.error_class}: {event.error_message}")


def main(redis_url: str) -> None:
    config = Config(queues={"pages": QueueConfig(size=1000, executor="async", timeout_seconds=5)}, redis_url=redis_url)
    system, watcher, client = ActorSystem.start(config), Watcher.start(), Client(config)
    system.ask(RegisterListener(watcher, selector=JobFailed))
    client.enqueue_many([hang.job(), *(fetch.job(page) for page in range(500))])
    threads = dict(fetched.get(timeout=30) for _ in range(500)).values()
    print(len(threads), "pages in", len(set(threads)), "thread")
    print(failures.get(timeout=30))

    system.stop()
    watcher.stop()
    client.close()


if __name__ == "__main__":
    with a_redis() as url:
        main(url)

# Output:
#   500 pages in 1 thread
#   hang: JobTimeout: the job ran for longer than 5 s
