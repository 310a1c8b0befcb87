"""What becomes of the lock of a unique job that somebody moves or removes by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from verk_actors.client import Client
from verk_actors.settings.config import Config
from verk_actors.store.job_filter import JobFilter
from verk_actors.wire.codec import encode
from verk_actors.wire.job import Job


@pytest.fixture
def client(config: Config) -> Iterator[Client]:
    with Client(config) as client:
        yield client


def unique(token: str, queue: str = "q") -> Job:
    return Job(class_="C", args=[], queue=queue, unique_for=60, unique_token=token)


RELEASES: list[Callable[[Client, Job], object]] = [
    lambda client, job: client.scheduled.delete(job),
    lambda client, job: client.scheduled.delete_all(JobFilter(class_="C")),
    lambda client, job: client.scheduled.kill(job),
    lambda client, job: client.scheduled.kill_all(JobFilter(class_="C")),
    lambda client, job: (client.scheduled.requeue(job), client.queue("q").delete(client.queue("q").range()[0])),
]
KEEPS: list[Callable[[Client, Job], object]] = [
    lambda client, job: client.scheduled.requeue(job),
    lambda client, job: client.scheduled.clear(),
    lambda client, job: client.scheduled.delete(b" " + encode(job)),  # no longer the bytes that are there
]


@pytest.mark.parametrize("act", RELEASES)
def test_removed_or_killed_it_is_released(client: Client, redis, act: Callable[[Client, Job], object]) -> None:
    """Conformance case 240: upstream keeps them unless asked; here a job that is gone keeps nobody out."""
    client.enqueue_many([Job(class_="C", args=[number]) for number in range(3)])
    client.schedule(unique("a"), 60)
    client.schedule(Job(class_="C", args=["plain"], queue="q"), 60)
    [job] = [job for job in client.scheduled.range() if isinstance(job, Job) and job.unique_for]
    assert redis.get("unique:a") == str(job.jid).encode()

    act(client, job)

    assert not redis.exists("unique:a")


@pytest.mark.parametrize("act", KEEPS)
def test_requeued_or_cleared_as_a_whole_it_is_kept(client: Client, redis, act: Callable[[Client, Job], object]) -> None:
    jid = client.schedule(unique("a"), 60)
    [job] = client.scheduled.range()
    assert isinstance(job, Job)

    act(client, job)

    assert redis.get("unique:a") == jid.encode()


def test_put_back_from_the_dead_set_it_takes_no_lock(client: Client, redis) -> None:
    client.schedule(unique("a"), 60)
    [job] = client.scheduled.range()
    assert client.scheduled.kill(job)
    [dead] = client.dead.range()

    assert client.dead.requeue(dead)

    assert not redis.exists("unique:a")
    client.enqueue(unique("a"))
    assert client.queue("q").count() == 2


def test_a_lock_that_is_anothers_stays(client: Client, redis) -> None:
    client.schedule(unique("a"), 60)
    redis.set("unique:a", "another's")

    assert client.scheduled.delete_many(client.scheduled.range()) == 1
    assert redis.get("unique:a") == b"another's"
