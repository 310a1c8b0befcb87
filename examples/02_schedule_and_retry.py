"""Has one job run later, and another again after it fails.

Shows: Client.schedule, retry_at, current_job.
Run: python examples/02_schedule_and_retry.py
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from queue import SimpleQueue

from a_redis import a_redis

from verk_actors import ActorSystem, Client, Config, JobClass, current_job, worker

said: SimpleQueue[str] = SimpleQueue()


@worker
def remind(what: str) -> None:
    said.put(f"remember {what}")


@worker(max_retry_count=5)
class Fetch(JobClass):
    def perform(self, page: str) -> None:
        job = current_job()
        assert job is not None
        if job.attempt < 3:
            said.put(f"attempt {job.attempt} of {page} fails")
            raise ConnectionError("not yet")
        said.put(f"attempt {job.attempt} of {page} succeeds")

    def retry_at(self, failed_at: float, attempt: int) -> float:
        return failed_at + 0.1 * attempt  # without it, 18 seconds and more, by Verk's curve


def main(redis_url: str) -> None:
    config = Config(queues={"default": 2}, redis_url=redis_url, poll_interval_seconds=0.2)
    system = ActorSystem.start(config)
    with Client(config) as client:
        client.schedule(remind.job("the milk"), datetime.now(UTC) + timedelta(seconds=0.5))
        print(said.get(timeout=10))

        client.schedule(Fetch.job("index.html"), 0.1)  # seconds from now
        for _ in range(3):
            print(said.get(timeout=10))
    system.stop()


if __name__ == "__main__":
    with a_redis() as url:
        main(url)

# Output:
#   remember the milk
#   attempt 1 of index.html fails
#   attempt 2 of index.html fails
#   attempt 3 of index.html succeeds
