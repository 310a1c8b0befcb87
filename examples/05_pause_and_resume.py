"""Pauses a queue, and lets it go on.

Shows: PauseQueue, ResumeQueue, the events of a queue.
Run: python examples/05_pause_and_resume.py
"""

from __future__ import annotations

from queue import SimpleQueue

from a_redis import a_redis

from verk_actors import ActorSystem, Client, Config, EventListener, worker
from verk_actors.events import Event, QueuePaused
from verk_actors.messages import PauseQueue, RegisterListener, ResumeQueue

happened: SimpleQueue[str] = SimpleQueue()


@worker
def work(number: int) -> None:
    happened.put(f"job {number} ran")


class Watcher(EventListener):
    def handle_event(self, event: Event) -> None:
        happened.put(type(event).__name__)


def main(redis_url: str) -> None:
    config = Config(queues={"default": 5}, redis_url=redis_url)
    system, watcher, client = ActorSystem.start(config), Watcher.start(), Client(config)
    system.ask(RegisterListener(watcher, selector=QueuePaused))

    system.ask(PauseQueue("default"))  # on this node, for as long as it lives
    print(happened.get(timeout=10))  # no job runs any more

    client.enqueue(work.job(1))
    print("jobs that wait:", client.queue("default").count())

    system.ask(ResumeQueue("default"))
    print(happened.get(timeout=10))

    system.stop()
    watcher.stop()
    client.close()


if __name__ == "__main__":
    with a_redis() as url:
        main(url)

# Output:
#   QueuePaused
#   jobs that wait: 1
#   job 1 ran
