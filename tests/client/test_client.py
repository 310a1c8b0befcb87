"""Enqueueing and scheduling, without any actor."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest

from verk_actors import errors
from verk_actors.client import Client
from verk_actors.client.preparing import Scheduled
from verk_actors.settings.config import Config
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.store.members import Malformed
from verk_actors.wire.job import Job

NOW = 1_700_000_000.25


@pytest.fixture
def client(config: Config) -> Iterator[Client]:
    with Client(config, clock=lambda: NOW) as client:
        yield client


def test_an_enqueued_job_is_in_its_queue_in_sidekiqs_form_and_its_jid_is_returned(client: Client, redis) -> None:
    jid = client.enqueue(Job(queue="q", class_="C", args=[1, {"a": []}]))
    assert len(jid) == 24
    (payload,) = redis.lrange("queue:q", 0, -1)
    assert payload.decode() == (
        '{"retry":true,"queue":"q","class":"C","args":[1,{"a":[]}],'
        f'"jid":"{jid}","created_at":{NOW},"enqueued_at":{NOW}}}'
    )
    assert redis.smembers("queues") == {b"q"}


@pytest.mark.parametrize("limit", [25, 100])
def test_in_verks_form_the_configured_limit_is_written_and_times_are_whole(config: Config, redis, limit: int) -> None:
    config = attrs.evolve(config, wire_format="verk", max_retry_count=limit)
    with Client(config, clock=lambda: NOW) as client:
        client.enqueue(Job(class_="C", args=[1], jid="7"))
    (payload,) = redis.lrange("queue:default", 0, -1)
    assert payload.decode() == (
        '{"args":"[1]","class":"C","created_at":null,"enqueued_at":1700000000,"error_backtrace":null,'
        '"error_message":null,"failed_at":null,"finished_at":null,"jid":"7",'
        f'"max_retry_count":{limit},"queue":"default","retried_at":null,"retry_count":0}}'
    )


def test_a_queue_that_others_emptied_or_cleared_is_made_known_again(client: Client, redis) -> None:
    redis.config_resetstat()
    for _ in range(3):
        client.enqueue(Job(queue="q", class_="C", args=[]))
    assert redis.info("commandstats")["cmdstat_lpushx"]["calls"] == 1  # the third, as the second found a job there
    redis.delete("queue:q", "queues")

    client.enqueue(Job(queue="q", class_="C", args=[]))

    assert (redis.llen("queue:q"), redis.smembers("queues")) == (1, {b"q"})
    client.enqueue_many([Job(queue="q", class_="C", args=[number]) for number in range(3000)])
    assert [job.args for job in client.queue("q").range(0, 2999)] == [[number] for number in reversed(range(3000))]
    assert redis.llen("queue:q") == 3001


def test_a_job_keeps_the_jid_it_has(client: Client) -> None:
    assert client.enqueue(Job(class_="C", args=[], jid="mine")) == "mine"


@pytest.mark.parametrize(
    "when", [60.5, datetime.fromtimestamp(NOW + 60.5, UTC), datetime.fromtimestamp(NOW + 60.5).astimezone()]
)
def test_a_scheduled_job_waits_in_the_schedule_set(client: Client, redis, when: datetime | float) -> None:
    jid = client.schedule(Job(queue="q", class_="C", args=[]), when)
    ((member, score),) = redis.zrange("schedule", 0, -1, withscores=True)
    assert score == NOW + 60.5
    written = json.loads(member)
    assert (written["jid"], "enqueued_at" in written, written["created_at"]) == (jid, False, NOW)
    assert redis.llen("queue:q") == 0


@pytest.mark.parametrize("when", [0, -5, datetime.fromtimestamp(NOW, UTC) - timedelta(days=1)])
def test_a_time_that_has_come_enqueues_at_once(client: Client, redis, when: datetime | float) -> None:
    client.schedule(Job(queue="q", class_="C", args=[]), when)
    assert (redis.llen("queue:q"), redis.zcard("schedule")) == (1, 0)


def test_a_datetime_without_a_time_zone_is_refused(client: Client) -> None:
    with pytest.raises(errors.InvalidJob, match="time zone"):
        client.schedule(Job(class_="C", args=[]), datetime(2030, 1, 1))


@pytest.mark.parametrize("when", [float("inf"), float("nan"), 10**400, "x", None])
def test_a_time_that_is_none_is_refused(client: Client, redis, when) -> None:
    with pytest.raises(errors.InvalidJob, match="when"):
        client.schedule(Job(class_="C", args=[]), when)
    assert redis.keys() == []


@pytest.mark.parametrize("value", [float("nan"), {1: 2}, b"bytes", datetime(2030, 1, 1), object(), "\ud800"])
def test_what_json_cannot_hold_is_refused_and_nothing_is_pushed(client: Client, redis, value: object) -> None:
    with pytest.raises(errors.InvalidJob, match=r"args\[1\]"):
        client.enqueue(Job(class_="C", args=[1, value]))
    assert redis.keys("queue:*") == []


@pytest.mark.parametrize("what", [Job, None, "C"])
def test_what_is_no_job_is_refused_and_says_how_one_is_made(client: Client, redis, what: Any) -> None:
    """A job class is enqueued in place of a job of it as often as not."""
    job = Job(class_="C", args=[])
    for enqueue in (
        client.enqueue,
        lambda one: client.schedule(one, 5),
        lambda one: client.enqueue_many([job, one]),
        lambda one: client.enqueue_many([job, Scheduled(one, 5)]),
    ):
        with pytest.raises(TypeError, match=r"is no job: make one, as by Report\.job\(\.\.\.\)"):
            enqueue(what)
    assert redis.keys() == []


def test_redis_out_of_reach_is_said_and_the_job_was_not_enqueued(tmp_path) -> None:
    with Client(Config(redis_url=RedisUrl(f"unix://{tmp_path}/none.sock"))) as client:
        with pytest.raises(errors.StoreUnavailable) as raised:
            client.enqueue(Job(class_="C", args=[]))
        assert not raised.value.sent
        assert not isinstance(raised.value, errors.EnqueueUncertain)


def test_the_namespace_is_before_every_key(config: Config, redis) -> None:
    with Client(attrs.evolve(config, namespace="app")) as client:
        client.enqueue(Job(class_="C", args=[]))
        client.schedule(Job(class_="C", args=[]), 60)
        assert client.queue_names() == ["default"]
    assert sorted(redis.keys()) == [b"app:queue:default", b"app:queues", b"app:schedule"]


def test_a_client_is_shared_by_many_threads(client: Client) -> None:
    def enqueue() -> None:
        for _ in range(50):
            client.enqueue(Job(queue="q", class_="C", args=[]))

    threads = [threading.Thread(target=enqueue) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.queue("q").count() == 1000
    assert len({job.jid for job in client.queue("q").range()}) == 1000


def test_queues_and_sets_can_be_looked_at_and_a_bad_member_breaks_no_listing(client: Client, redis) -> None:
    jid = client.enqueue(Job(queue="q", class_="C", args=[1]))
    redis.lpush("queue:q", b"{no job")
    bad, good = client.queue("q").range()
    assert isinstance(bad, Malformed)
    assert good == client.queue("q").find(jid)
    assert client.queue("q").delete(good)
    assert not client.queue("q").delete(good)
    client.schedule(Job(queue="q", class_="C", args=[2]), 60)
    ((scheduled, due_at),) = client.scheduled.range_with_score()
    assert due_at == NOW + 60
    assert client.scheduled.requeue(scheduled)
    assert not client.scheduled.requeue(scheduled)
    assert client.queue("q").count() == 2
    client.queue("q").clear()
    assert client.queue("q").count() == client.scheduled.count() == client.retries.count() == client.dead.count() == 0


def test_a_program_that_only_enqueues_loads_no_actors(redis_url: str) -> None:
    program = f"""
import sys
from verk_actors import Client, Config, Job
with Client(Config(redis_url={redis_url!r})) as client:
    client.enqueue(Job(class_="C", args=[]))
print("pykka" in sys.modules, len(__import__("threading").enumerate()))
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "1"]
