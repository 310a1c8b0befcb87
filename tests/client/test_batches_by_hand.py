"""What becomes of a batch whose member somebody moves or removes by hand: it waits for none that won't come."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from verk_actors.client import Client, Scheduled
from verk_actors.settings.config import Config
from verk_actors.store.batch_progress import BatchProgress
from verk_actors.store.job_filter import JobFilter
from verk_actors.store.waiting_jobs import WaitingJobs
from verk_actors.wire.codec import encode
from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys

NOW = 1_750_000_000.0
FITTING = JobFilter(class_="C")


@pytest.fixture
def client(config: Config) -> Iterator[Client]:
    with Client(config, clock=lambda: NOW) as client:
        yield client


def job(key: object = None, class_: str = "C") -> Job:
    return Job(class_=class_, args=[key], queue="q")


def cancel(client: Client, member: Job) -> object:
    [pool] = client._pools.values()
    return WaitingJobs(pool, Keys(), lambda: NOW).cancel(str(member.jid))


ENDS_IN_A_QUEUE: list[Callable[[Client, Job], object]] = [
    lambda client, member: client.queue("q").delete(member),
    lambda client, member: client.queue("q").delete_many([member]),
    lambda client, member: client.queue("q").clear(),
    lambda client, member: client.queue("q").remove(),
    cancel,
]
ENDS_IN_A_SET: list[Callable[[Client, Job], object]] = [
    lambda client, member: client.scheduled.delete(member),
    lambda client, member: client.scheduled.delete_all(FITTING),
    lambda client, member: client.scheduled.delete_step(FITTING),
    lambda client, member: client.scheduled.kill(member),
    lambda client, member: client.scheduled.kill_all(FITTING),
    lambda client, member: client.scheduled.kill_step(FITTING),
    lambda client, member: client.scheduled.clear(),
    cancel,
]


@pytest.mark.parametrize("act", ENDS_IN_A_QUEUE)
def test_one_that_is_taken_out_of_its_queue_has_failed(client: Client, redis, act) -> None:
    client.enqueue_many([job(n) for n in range(3)])
    client.batch([job()], bid="b")
    [member] = [one for one in client.queue("q").range() if isinstance(one, Job) and one.batch]

    act(client, member)

    assert_failed(client, redis, member)


@pytest.mark.parametrize("act", ENDS_IN_A_SET)
def test_one_that_is_taken_out_of_a_set_has_failed(client: Client, redis, act) -> None:
    client.enqueue_many([Scheduled(job(n, "D"), 60) for n in range(3)])
    client.batch([Scheduled(job(), 60)], bid="b")
    [member] = [one for one in client.scheduled.range() if isinstance(one, Job) and one.batch]

    act(client, member)

    assert_failed(client, redis, member)


def assert_failed(client: Client, redis, member: Job) -> None:
    assert (redis.smembers("verk:batch:b:pending"), redis.smembers("verk:batch:b:failed")) == (
        set(),
        {str(member.jid).encode()},
    )
    assert redis.zscore("verk:batches:due", "b") == 0
    [pool] = client._pools.values()
    assert BatchProgress(pool, Keys()).advance("b", NOW).completed
    assert client.batches.get("b").state == "complete"


def test_one_that_was_no_longer_there_is_left_alone(client: Client, redis) -> None:
    client.batch([job(), Scheduled(job(), 60)], bid="b")
    absent = encode(Job(class_="C", args=[], jid="1", queue="q", batch="b"))

    assert not client.queue("q").delete(absent)
    assert not client.scheduled.delete(absent)
    assert not client.scheduled.kill(absent)

    assert redis.scard("verk:batch:b:pending") == 2
    assert not redis.exists("verk:batch:b:failed")


@pytest.mark.parametrize(
    "act",
    [
        lambda client, member: client.dead.requeue(member),
        lambda client, member: client.dead.requeue_all(FITTING),
        lambda client, member: client.dead.requeue_step(FITTING),
    ],
)
def test_one_that_is_put_back_from_the_dead_is_waited_for_again(client: Client, redis, act) -> None:
    client.batch([Scheduled(job(), 60)], bid="b")
    client.scheduled.kill_all()
    [dead] = client.dead.range()
    [pool] = client._pools.values()
    assert BatchProgress(pool, Keys()).advance("b", NOW).completed

    act(client, dead)

    assert (redis.scard("verk:batch:b:pending"), redis.scard("verk:batch:b:failed")) == (1, 0)
    assert client.batches.get("b").state == "running"
    assert client.queue("q").count() == 1


def test_one_that_is_put_into_its_queue_before_its_time_is_pending_as_before(client: Client, redis) -> None:
    client.batch([Scheduled(job(), 60)], bid="b")

    assert client.scheduled.requeue_all() == 1

    assert redis.scard("verk:batch:b:pending") == 1


@pytest.mark.parametrize("place", ["queue", "scheduled"])
def test_all_are_cleared_and_each_member_has_failed(client: Client, redis, place: str) -> None:
    """In pages: plain jobs are removed by Redis alone, members once their batches are known. Some only look like it."""
    members = [job(n) if place == "queue" else Scheduled(job(n), 60) for n in range(400)]
    plain = [job(-n) if place == "queue" else Scheduled(job(-n), 60) for n in range(400)]
    alike = job({"verk_batch": 1})
    client.enqueue_many([alike if place == "queue" else Scheduled(alike, 60)])
    batch, other = client.batch(members[:10]), client.batch([alike if place == "queue" else Scheduled(alike, 60)])
    client.enqueue_many(plain[:300])
    batch.add(*members[10:])
    client.enqueue_many(plain[300:])
    cleared = client.queue("q") if place == "queue" else client.scheduled

    assert cleared.clear()

    assert cleared.count() == 0
    assert redis.scard(f"verk:batch:{batch.bid}:failed") == 400
    assert not redis.exists(f"verk:batch:{batch.bid}:pending")
    assert client.batches.get(other.bid).failed == 1
    assert redis.zrangebyscore("verk:batches:due", 0, 0) == sorted([batch.bid.encode(), other.bid.encode()])
    assert not redis.keys("verk:batch::*")
    assert not cleared.clear()


def test_a_member_that_runs_by_the_time_is_not_counted_as_failed(client: Client, redis, monkeypatch) -> None:
    client.batch([job(n) for n in range(3)], bid="b")
    [pool] = client._pools.values()
    script = pool.script

    def slowly(*args):
        reply = script(*args)
        redis.lmove("queue:q", "inprogress:q:n1", "RIGHT", "LEFT")
        return reply

    monkeypatch.setattr(pool, "script", slowly)
    client.queue("q").clear()

    assert redis.llen("queue:q") == 0
    assert (redis.llen("inprogress:q:n1"), client.batches.get("b").pending, client.batches.get("b").failed) == (1, 1, 2)
