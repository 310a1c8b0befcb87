"""Listens to what happens to jobs.

Shows: EventListener, any Pykka actor as a listener, selectors, the events of a job that dies.
Run: python examples/03_listen_to_events.py
"""

from __future__ import annotations

from threading import Event as Flag

import pykka
from a_redis import a_redis

from verk_actors import ActorSystem, Client, Config, Event, EventListener, JobDead, JobEvent, RegisterListener, worker


@worker
def divide(a: float, b: float) -> float:
    return a / b


class Printer(EventListener):  # gets events in batches, and survives what its handler raises
    def handle_event(self, event: Event) -> None:
        assert isinstance(event, JobEvent)
        print(type(event).__name__, event.job.args)


class Alarm(pykka.ThreadingActor):  # gets each event as a message
    def __init__(self, rang: Flag) -> None:
        super().__init__()
        self.rang = rang

    def on_receive(self, message: JobDead) -> None:
        self.rang.set()


def main(redis_url: str) -> None:
    config = Config(queues={"default": 1}, redis_url=redis_url, max_retry_count=0)
    system = ActorSystem.start(config)
    rang = Flag()
    printer, alarm = Printer.start(), Alarm.start(rang)
    system.ask(RegisterListener(printer, selector=lambda event: isinstance(event, JobEvent)))
    system.ask(RegisterListener(alarm, selector=JobDead))  # or several: (JobFailed, JobDead)

    with Client(config) as client:
        client.enqueue(divide.job(6, 3))
        client.enqueue(divide.job(1, 0))
        rang.wait(timeout=10)
        system.stop()  # tells the last events
        printer.stop()  # handles them
        alarm.stop()
        [job] = client.dead.range()
        print("dead:", job.error_class, "-", job.error_message)


if __name__ == "__main__":
    with a_redis() as url:
        main(url)

# Output:
#   JobStarted [6, 3]
#   JobFinished [6, 3]
#   JobStarted [1, 0]
#   JobFailed [1, 0]
#   JobDead [1, 0]
#   dead: ZeroDivisionError - division by zero
