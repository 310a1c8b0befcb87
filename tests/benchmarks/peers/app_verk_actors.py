"""verk_actors as the harness for peers asks for it: the four jobs, and how to enqueue them."""

from __future__ import annotations

from collections.abc import Sequence

import bodies  # of the harness

from verk_actors import Client, Config, Job, JobClass, worker

IS_ASYNC = False
QUEUE = "bench"

client = Client(Config(redis_url=bodies.URL))


@worker(queue=QUEUE)
def noop(i: int) -> None:
    bodies.noop(i)


@worker(queue=QUEUE)
def nap(i: int, seconds: float) -> None:
    bodies.nap(i, seconds)


@worker(queue=QUEUE)
class Fail(JobClass):
    def perform(self, i: int) -> None:
        bodies.fail(i)

    def retry_at(self, failed_at: float, _: int) -> float:
        return failed_at + bodies.RETRY_S


def job_of(task: str, i: int) -> Job:
    """Return the job that the harness names."""
    if task in bodies.NAPS:
        return nap.job(i, bodies.NAPS[task])
    return Fail.job(i) if task == "fail" else noop.job(i)


def send(task: str, i: int) -> None:
    """Enqueue one job with one call."""
    client.enqueue(job_of(task, i))


def send_many(task: str, ids: Sequence[int]) -> None:
    """Enqueue many jobs with one call."""
    client.enqueue_many([job_of(task, i) for i in ids])
