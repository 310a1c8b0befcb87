"""Kills the manager of a queue's workers while a job runs: the job runs on, once, and is settled by the next manager.

Shows: supervision; what survives the death of an actor.
Run: python examples/06_crash_and_restart.py
"""

from __future__ import annotations

from queue import SimpleQueue
from threading import Event as Flag

from a_redis import a_redis

from verk_actors import ActorSystem, Client, Config, EventListener, RegisterListener, worker
from verk_actors.events import Event, JobFinished, QueueRunning

happened: SimpleQueue[str] = SimpleQueue()
may_end = Flag()


@worker
def long_job() -> None:
    happened.put("the job starts")
    may_end.wait(timeout=10)


class Watcher(EventListener):
    def handle_event(self, event: Event) -> None:
        happened.put("a new manager is at work" if isinstance(event, QueueRunning) else "the job is done")


def main(redis_url: str) -> None:
    config = Config(queues={"default": 5}, redis_url=redis_url)
    system, watcher, client = ActorSystem.start(config), Watcher.start(), Client(config)
    client.enqueue(long_job.job())
    print(happened.get(timeout=10))

    system.ask(RegisterListener(watcher, selector=(QueueRunning, JobFinished)))
    manager = system.whereis("default.workers_manager")
    assert manager is not None
    manager.kill()  # in Verk, the job would now start a second time
    print(happened.get(timeout=10))

    may_end.set()
    print(happened.get(timeout=10))
    system.stop()
    watcher.stop()
    print("runs:", client.counters.totals().processed)


if __name__ == "__main__":
    with a_redis() as url:
        main(url)

# Output:
#   the job starts
#   a new manager is at work
#   the job is done
#   runs: 1
