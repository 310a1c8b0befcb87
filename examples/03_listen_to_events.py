"""Listens to what happens to jobs.

Shows: EventListener, any Pykka actor as a listener, selectors, the events of a job that dies.
Run: python examples/03_listen_to_events.py
"""

from __future__ import annotations

from threading import Semaphore

import pykka
from a_redis import a_redis

from verk_actors import ActorSystem, Client, Config, Event, EventListener, RegisterListener, worker
from verk_actors.events import JobDead, JobEvent, JobFinished

ended = Semaphore(0)


@worker
def divide(a: float, b: float) -> float:
    return a / b


class Printer(EventListener):  # survives what its handle_event raises
    def handle_event(self, event: Event) -> None:
        if isinstance(event, JobEvent):
            print(type(event).__name__, event.job.args)


class Bell(pykka.ThreadingActor):  # gets each event as a message
    def on_receive(self, message: JobFinished | JobDead) -> None:
        ended.release()


def main(redis_url: str) -> None:
    config = Config(queues={"default": 1}, redis_url=redis_url, max_retry_count=0)
    system, printer, bell = ActorSystem.start(config), Printer.start(), Bell.start()
    system.ask(RegisterListener(printer, selector=lambda event: event.queue == "default"))
    system.ask(RegisterListener(bell, selector=(JobFinished, JobDead)))  # or one: JobDead

    with Client(config) as client:
        for job in (divide.job(6, 3), divide.job(1, 0)):
            client.enqueue(job)
            ended.acquire(timeout=10)
    system.stop()  # tells the last events
    printer.stop()  # handles them first
    bell.stop()


if __name__ == "__main__":
    with a_redis() as url:
        main(url)

# Output:
#   JobStarted [6, 3]
#   JobFinished [6, 3]
#   JobStarted [1, 0]
#   JobFailed [1, 0]
#   JobDead [1, 0]
