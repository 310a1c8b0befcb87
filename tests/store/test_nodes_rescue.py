from __future__ import annotations

import pytest

from verk_actors.errors import StoreError
from verk_actors.store.nodes import Rescued

LEASE_MS = 60_000


def test_the_jobs_of_a_dead_node_are_the_next_in_their_queue_and_the_oldest_comes_first(nodes, redis, keys, dead_node):
    redis.lpush(keys.queue("default"), "waiting")

    assert nodes.rescue("n1", "default") == Rescued(alive=False, moved=3, left=0, poison=[])

    assert redis.lrange(keys.queue("default"), 0, -1) == [b"waiting", b"3", b"2", b"1"]
    assert redis.smembers(keys.queues) == {b"default"}
    assert (nodes.members(), nodes.queues("n1")) == ([], [])


def test_a_rescue_in_batches_keeps_the_node_registered_until_the_last(nodes, redis, keys, dead_node):
    assert nodes.rescue("n1", "default", limit=2) == Rescued(False, moved=2, left=1, poison=[])
    assert (nodes.members(), nodes.queues("n1")) == (["n1"], ["default"])
    assert nodes.rescue("n1", "default", limit=2) == Rescued(False, moved=1, left=0, poison=[])
    assert nodes.members() == []
    assert redis.lrange(keys.queue("default"), 0, -1) == [b"3", b"2", b"1"]


def test_a_node_with_jobs_of_another_queue_stays_registered(nodes, redis, keys, dead_node):
    redis.sadd(keys.node_queues("n1"), "low")

    nodes.rescue("n1", "default")

    assert (nodes.members(), nodes.queues("n1")) == (["n1"], ["low"])


def test_a_rescue_repeated_after_a_lost_reply_changes_nothing(nodes, dead_node, snapshot):
    nodes.rescue("n1", "default")
    before = snapshot()

    assert nodes.rescue("n1", "default") == Rescued(False, moved=0, left=0, poison=[])
    assert snapshot() == before


def test_a_dead_node_without_jobs_is_forgotten_and_makes_no_queue_known(nodes, redis, keys):
    redis.sadd(keys.nodes, "n1")
    redis.sadd(keys.node_queues("n1"), "default")

    assert nodes.rescue("n1", "default") == Rescued(False, moved=0, left=0, poison=[])
    assert redis.keys("*") == []


def test_a_node_that_came_back_to_life_keeps_its_jobs(nodes, dead_node, snapshot):
    nodes.heartbeat("n1", "token", LEASE_MS, [])
    before = snapshot()

    assert nodes.rescue("n1", "default") == Rescued(alive=True, moved=0, left=0, poison=[])
    assert snapshot() == before


def test_a_job_recovered_more_than_three_times_is_poison_and_stays(nodes, redis, keys, dead_node):
    for _ in range(3):
        nodes.rescue("n1", "default")
        redis.sadd(keys.nodes, "n1")
        redis.sadd(keys.node_queues("n1"), "default")
        redis.delete(keys.queue("default"))
        redis.lpush(keys.in_progress("default", "n1"), "1", "innocent")
        redis.hdel(keys.recovered, "no such field")

    assert nodes.rescue("n1", "default") == Rescued(False, moved=1, left=1, poison=[b"1"])
    assert nodes.members() == ["n1"]
    assert redis.lrange(keys.queue("default"), 0, -1) == [b"innocent"]


def test_jobs_that_are_equal_to_the_byte_are_not_one_job_recovered_often(nodes, redis, keys, dead_node):
    redis.lpush(keys.in_progress("default", "n1"), *["twin"] * 9)

    assert nodes.rescue("n1", "default") == Rescued(False, moved=12, left=0, poison=[])


def test_recoveries_are_counted_for_72_hours_from_the_first(nodes, redis, keys, dead_node):
    nodes.rescue("n1", "default")
    assert redis.ttl(keys.recovered) == 72 * 3600
    redis.expire(keys.recovered, 1000)
    redis.lpush(keys.in_progress("default", "n1"), "4")

    nodes.rescue("n1", "default")

    assert redis.ttl(keys.recovered) <= 1000


@pytest.mark.parametrize("payload", [b"", b"\x00\xff", b"x" * (1 << 20)], ids=["empty", "binary", "huge"])
def test_any_bytes_are_rescued_untouched(nodes, redis, keys, payload):
    redis.lpush(keys.in_progress("default", "n1"), payload)

    nodes.rescue("n1", "default")

    assert redis.lrange(keys.queue("default"), 0, -1) == [payload]


@pytest.mark.parametrize(
    "name",
    [
        "inprogress:default:n1",
        "queue:default",
        "verk_nodes",
        "verk:node:n1:queues",
        "verk:recovered",
        "queues",
    ],
)
def test_a_rescue_with_a_key_of_the_wrong_type_has_done_nothing(nodes, redis, dead_node, snapshot, name):
    redis.delete(f"app:{name}")
    redis.zadd(f"app:{name}", {"something": 1})
    before = snapshot()

    with pytest.raises(StoreError, match="WRONGTYPE"):
        nodes.rescue("n1", "default")
    assert snapshot() == before


def test_a_full_server_refuses_a_rescue_that_then_has_done_nothing(nodes, dead_node, snapshot, full_server):
    before = snapshot()
    full_server()

    with pytest.raises(StoreError, match="OOM"):
        nodes.rescue("n1", "default")
    assert snapshot() == before
