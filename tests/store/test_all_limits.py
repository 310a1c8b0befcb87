"""What clients see of limits, and a new beginning."""

from __future__ import annotations

import json
import time

import pytest

from verk_actors.settings.limit import Limit
from verk_actors.store import limit_book
from verk_actors.store.all_limits import AllLimits
from verk_actors.store.connection import Connection
from verk_actors.wire.keys import Keys

RATE = Limit("rate", rate=60, period_seconds=60.0, burst=2)
TWO = Limit("two", concurrency=2, key="customer")
NODE = Limit("node", concurrency=5, per="node")


@pytest.fixture
def limits(connection: Connection, keys: Keys) -> AllLimits:
    limit_book.tell(connection, keys, [RATE, TWO, NODE], 1000.0)
    return AllLimits([connection], keys, time.time)


def test_limits_are_listed_as_nodes_told_of_them_and_each_value_that_jobs_wait_for(limits, redis, keys) -> None:
    redis.zadd(keys.limited, {"two:7": 1, "gone": 2})
    redis.zadd(keys.waiting("two:7"), {b"{}": 5.0, b"[]": 6.0})
    redis.hset(keys.slots("two:7"), mapping={"a": "n1 t", "b": "n2 t"})
    redis.hset(keys.limits, mapping={"odd": "no json", "odder": '{"name":"x","rate":1,"told_at":1}', "oddest": "{}"})

    found = {one.id: one for one in limits.list()}

    assert list(found) == ["gone", "node", "rate", "two", "two:7"]
    two = found["two:7"]
    assert (two.name, two.limit, two.told_at, two.waiting, two.waiting_since) == ("two", TWO, 1000.0, 2, 5.0)
    assert (two.held, two.holders) == (2, {"a": "n1", "b": "n2"})
    assert (found["gone"].limit, found["gone"].told_at) == (None, None)
    assert limits.count_waiting() == 2
    assert len(limits.list(limit=1)) == 4


def test_of_a_rate_it_is_known_when_the_next_job_may_start(limits, redis, keys) -> None:
    assert limits.get("rate").next_at is None
    arrival = round(time.time()) + 100
    redis.set(keys.arrival("rate"), arrival * 1_000_000)
    assert limits.get("rate").next_at == arrival - 1


def test_the_slots_of_all_nodes_count_together(limits, redis, keys) -> None:
    redis.sadd(keys.nodes, "n1", "n2")
    for node_id in ("n1", "n2"):
        redis.hset(keys.slots("node", node_id), f"on {node_id}", f"{node_id} token")

    assert limits.get("node").holders == {"on n1": "n1", "on n2": "n2"}


def test_several_servers_are_added_up(connection, keys, limits, redis) -> None:
    redis.zadd(keys.waiting("two:7"), {b"{}": 5.0})
    redis.hset(keys.slots("two:7"), "a", "n1 t")
    both = AllLimits([connection, connection], keys, time.time)

    assert (both.get("two:7").waiting, both.get("two:7").held, both.get("two:7").waiting_since) == (2, 2, 5.0)


def test_a_new_beginning_forgets_who_holds_it_and_keeps_who_waits(limits, redis, keys) -> None:
    redis.sadd(keys.nodes, "n1")
    redis.zadd(keys.waiting("two:7"), {b"{}": 5.0})
    redis.hset(keys.slots("two:7"), "a", "n1 t")
    redis.hset(keys.slots("two:7", "n1"), "a", "n1 t")
    redis.set(keys.arrival("two:7"), 1)

    limits.reset("two:7")
    limits.reset("two")

    assert not redis.exists(keys.slots("two:7"), keys.slots("two:7", "n1"), keys.arrival("two:7"))
    assert redis.zscore(keys.limited, "two:7") <= time.time()
    assert [one.id for one in limits.list()] == ["node", "rate", "two:7"]


def test_the_jobs_that_wait_are_a_set_as_any_other(limits, redis, keys) -> None:
    payload = json.dumps({"class": "C", "args": [], "jid": "1", "queue": "q"}).encode()
    redis.zadd(keys.waiting("two:7"), {payload: 5.0})
    waiting = limits.waiting("two:7")

    assert [(job.jid, at) for job, at in waiting.range_with_score()] == [("1", 5.0)]
    assert waiting.requeue(payload)
    assert redis.llen(keys.queue("q")) == 1
