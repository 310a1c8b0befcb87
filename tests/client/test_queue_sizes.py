"""Many queues are looked at in few round trips, on whatever server each of them is."""

from __future__ import annotations

import json
import time

import attrs
import pytest

from verk_actors.client import Client
from verk_actors.errors import StoreError
from verk_actors.settings.config import Config
from verk_actors.settings.queues import QueueConfig
from verk_actors.wire.job import Job


@pytest.fixture
def client(config):
    with Client(config) as client:
        yield client


def test_all_queues_are_told_or_those_that_are_named(client, redis):
    now = time.time()
    for name, count in (("a", 3), ("b", 1)):
        jobs = [{"class": "A", "args": [], "jid": f"{n}", "enqueued_at": now - 100} for n in range(count)]
        redis.lpush(f"queue:{name}", *map(json.dumps, jobs))
        redis.sadd("queues", name)

    assert client.queue_sizes() == {"a": 3, "b": 1}
    assert client.queue_sizes(["b", "none"]) == {"b": 1, "none": 0}
    assert {name: round(seconds, -2) for name, seconds in client.queue_latencies().items()} == {"a": 100, "b": 100}
    assert client.queue_latencies([]) == {}


def test_a_key_that_holds_something_else_hides_no_other_queue(client, redis):
    client.enqueue(Job(class_="A", args=[], queue="good"))
    redis.sadd("queues", "odd")
    redis.mset({"queue:odd": "no list", "stat:processed:good": "many", "stat:failed:good": 2})

    counts = client.counters.of_queues(["good", "odd"])

    assert client.queue_sizes() == {"good": 1, "odd": 0}
    assert client.queue_latencies()["odd"] == 0.0
    assert [(one.processed, one.failed) for one in counts.values()] == [(0, 2), (0, 0)]


def test_each_queue_is_looked_at_on_its_own_server(config, redis_url, redis):
    far = QueueConfig(redis_url=redis_url.replace("db=0", "db=1"))
    with Client(attrs.evolve(config, queues={"far": far})) as client:
        client.enqueue_many([Job(class_="A", args=[], queue=queue) for queue in ("near", "far", "far")])

        assert client.queue_sizes() == {"far": 2, "near": 1}
        assert redis.llen("queue:far") == 0


def test_what_a_user_may_not_read_is_an_error(redis, redis_url):
    redis.execute_command("ACL", "SETUSER", "some", "on", "nopass", "~queue:a", "+@all")
    try:
        with Client(Config(redis_url=f"unix://some:any@{redis_url.removeprefix('unix://')}")) as client:
            with pytest.raises(StoreError, match="LLEN"):
                client.queue_sizes(["a", "b"])
            assert client.queue_sizes(["a"]) == {"a": 0}
    finally:
        redis.execute_command("ACL", "DELUSER", "some")
