"""Unique jobs as they run: what releases their lock, and what does not."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import redis as redis_py
from support.eventually import eventually
from support.jobs import JobKit
from support.nodes import Node, running_node

from verk_actors.client import Client
from verk_actors.errors import JobNotUnique
from verk_actors.events import JobDead, JobExpired, JobFailed, JobFinished, JobSnoozed
from verk_actors.jobs.endings import Discard, Kill, Snooze
from verk_actors.jobs.job_class import JobClass, worker
from verk_actors.settings.config import Config
from verk_actors.wire.codec import encode
from verk_actors.wire.job import Job, UniqueUntil

LOCK = "unique:t"


class Kit(JobKit):
    """Adds jobs that end as they are told, and one that looks at its own lock."""

    def __init__(self) -> None:
        super().__init__()
        self.client: Client | None = None
        self.next_jid = ""
        kit = self

        @worker(registry=self.registry)
        class Ending(JobClass):
            def perform(self, key: str) -> None:
                kit.runs["Ending", key] += 1
                if kit.runs["Ending", key] == 1:
                    raise {"snooze": Snooze(300), "discard": Discard("done with"), "kill": Kill("no use")}[key]

        @worker(registry=self.registry)
        class Succeeding(JobClass):
            def perform(self) -> None:
                assert kit.client is not None
                kit.next_jid = kit.client.enqueue(unique("Good", unique_until="start"))


@pytest.fixture
def node(config: Config) -> Iterator[Node]:
    kit = Kit()
    with running_node(config, kit, queues={"q": 2}) as node:
        kit.client = node.client
        yield node


def unique(class_: str, *args: object, unique_until: UniqueUntil = "success", **options: object) -> Job:
    fields = {"queue": "q", "unique_for": 60, "unique_token": "t", **options}
    return Job(class_=class_, args=list(args), unique_until=unique_until, **fields)


def retry_now(redis: redis_py.Redis) -> None:
    """Have the only job that is to be retried be due."""
    [member] = redis.zrange("retry", 0, -1)
    redis.zadd("retry", {member: 0})


def test_success_releases_the_lock_in_the_step_that_settles(node: Node, redis) -> None:
    """Conformance case 217, its second half."""
    first = node.client.enqueue(unique("Waiting", 1))
    node.jobs.gate.wait_started(1)
    with pytest.raises(JobNotUnique):
        node.client.enqueue(unique("Good"))
    node.jobs.gate.open()
    node.log.expect(JobFinished, jid=first)

    assert not redis.exists(LOCK)
    assert node.client.enqueue(unique("Good")) != first


def test_until_start_the_next_one_is_let_in_before_the_run_begins(node: Node, redis) -> None:
    """Conformance case 219: and the one after that conflicts with the next one. The job itself may enqueue it."""
    first = node.client.enqueue(unique("Succeeding", unique_until="start"))
    node.log.expect(JobFinished, jid=first)

    assert node.jobs.next_jid != first
    node.log.expect(JobFinished, jid=node.jobs.next_jid)
    waiting = node.client.schedule(unique("Good", unique_until="start"), 60)
    assert node.client.enqueue(unique("Good"), on_conflict="return") == waiting


def test_a_lock_that_ran_out_and_is_anothers_stays(node: Node, redis) -> None:
    """Conformance case 220."""
    first = node.client.enqueue(unique("Waiting", 1))
    node.jobs.gate.wait_started(1)
    redis.set(LOCK, "another's")
    node.jobs.gate.open()
    node.log.expect(JobFinished, jid=first)

    assert redis.get(LOCK) == b"another's"


def test_the_retry_of_a_job_that_is_unique_until_its_start_leaves_the_next_ones_lock(node: Node, redis) -> None:
    """Conformance case 221."""
    first = node.client.enqueue(unique("Bad", 1, unique_until="start"))
    node.log.expect(JobFailed, jid=first)
    second = node.client.schedule(unique("Good", unique_until="start"), 60)
    retry_now(redis)
    node.log.expect(JobFailed, jid=first, count=2)

    assert redis.get(LOCK) == second.encode()


def test_until_expiry_success_does_not_release_it(node: Node, redis) -> None:
    """Conformance case 222."""
    first = node.client.enqueue(unique("Good", unique_until="expiry"))
    node.log.expect(JobFinished, jid=first)

    assert redis.get(LOCK) == first.encode()
    assert 0 < redis.pttl(LOCK) <= 60_000  # its time goes on


def test_it_is_held_while_the_job_is_retried_and_released_when_it_is_dead(node: Node, redis) -> None:
    """Conformance case 223."""
    jid = node.client.enqueue(unique("Bad", 1, max_retry_count=1))
    node.log.expect(JobFailed, jid=jid)
    assert redis.get(LOCK) == jid.encode()
    retry_now(redis)
    node.log.expect(JobDead, jid=jid)

    assert not redis.exists(LOCK)


def test_it_is_held_while_the_job_is_snoozed(node: Node, redis) -> None:
    """Conformance case 225: the lock's half."""
    jid = node.client.enqueue(unique("Ending", "snooze", max_retry_count=0))
    node.log.expect(JobSnoozed, jid=jid)
    assert redis.get(LOCK) == jid.encode()
    [snoozed] = node.client.scheduled.range()
    assert node.client.scheduled.requeue(snoozed)
    node.log.expect(JobFinished, jid=jid)

    assert not redis.exists(LOCK)


@pytest.mark.parametrize("key", ["discard", "kill"])
def test_a_job_that_ends_itself_releases_it(node: Node, redis, key: str) -> None:
    node.client.enqueue(unique("Ending", key))
    eventually(lambda: node.jobs.runs["Ending", key] == 1, "the run")

    eventually(lambda: not redis.exists(LOCK), "the release")


def test_a_job_that_is_not_to_be_buried_releases_it(node: Node, redis) -> None:
    jid = node.client.enqueue(unique("Bad", 1, max_retry_count=0, dead=False))
    node.log.expect(JobDead, jid=jid)

    assert not redis.exists(LOCK)


def test_a_job_that_expires_does_not_run_and_releases_it(node: Node, redis) -> None:
    node.client.enqueue_many([Job(queue="q", class_="Waiting", args=[at]) for at in range(2)])
    node.jobs.gate.wait_started(2)
    jid = node.client.enqueue(unique("Good", "late", expires_in=0.05))
    assert redis.get(LOCK) == jid.encode()
    eventually(lambda: time.time() > node.client.queue("q").range()[0].expires_at, "its time")
    node.jobs.gate.open()
    (expired,) = node.log.expect(JobExpired, jid=jid)

    assert expired.expired_at > expired.job.expires_at
    assert (redis.exists(LOCK), node.jobs.runs["Good", "late"]) == (0, 0)
    assert (redis.get("stat:expired"), redis.get("stat:failed")) == (b"1", None)


def test_a_lock_of_another_type_holds_up_no_job(node: Node, redis) -> None:
    first = node.client.enqueue(unique("Waiting", 1, unique_until="success"))
    node.jobs.gate.wait_started(1)
    redis.delete(LOCK)
    redis.lpush(LOCK, "no lock")
    node.jobs.gate.open()
    node.log.expect(JobFinished, jid=first)
    redis.lpush("queue:q", encode(unique("Good", 7, jid="1", unique_until="start")))

    node.log.expect(JobFinished, jid="1")


def test_retries_stop_when_their_time_is_over(node: Node, redis) -> None:
    node.jobs.retry_seconds = 0.05
    jid = node.client.enqueue(Job(queue="q", class_="Bad", args=[1], retry_for=0.01))
    (dead,) = node.log.expect(JobDead, jid=jid)

    assert (dead.reason, node.jobs.runs["Bad", 1]) == ("retry time used up", 2)
