"""Reports jobs that fail to an error tracker of one's own.

Shows: what a listener knows of a failure: the exception, where it came from, the job, and whether it was the last run.
Run: python examples/15_track_errors.py
"""

from __future__ import annotations

import traceback
from threading import Event as Flag

from a_redis import a_redis

from verk_actors import ActorSystem, Client, Config, EventListener, JobClass, JobFailed, RegisterListener, worker
from verk_actors.events import Event

done = Flag()


@worker
class Charge(JobClass):
    def perform(self, card: str, cents: int) -> None:
        raise PermissionError("the card is blocked")

    def retry_at(self, failed_at: float, attempt: int) -> float:
        return failed_at


class Tracker(EventListener):  # runs on a thread of its own: if this is slow, no job waits
    def handle_event(self, event: Event) -> None:
        assert isinstance(event, JobFailed)
        job, error = event.job, event.exception  # None where the run was in another process
        print(f"{job.class_} in {event.queue}, attempt {job.attempt}: {event.error_class}: {event.error_message}")
        if error is not None:
            print(f"  in {traceback.extract_tb(error.__traceback__)[-1].name}, {len(job.args)} arguments")
        if event.final:
            done.set()


def main(redis_url: str) -> None:
    config = Config(queues={"default": 1}, redis_url=redis_url)
    system, tracker = ActorSystem.start(config), Tracker.start()
    system.ask(RegisterListener(tracker, selector=JobFailed))

    Client(config).enqueue(Charge.with_options(max_retry_count=1).job("4242", 700))
    done.wait(timeout=10)
    system.stop()
    tracker.stop()


if __name__ == "__main__":
    with a_redis() as url:
        main(url)

# Output:
#   Charge in default, attempt 1: PermissionError: the card is blocked
#     in perform, 2 arguments
#   Charge in default, attempt 2: PermissionError: the card is blocked
#     in perform, 2 arguments
