from __future__ import annotations

import pytest

from verk_actors.errors import StoreError
from verk_actors.store.nodes import Beat, Nodes, Rescued

LEASE_MS = 60_000


@pytest.fixture
def nodes(connection, keys):
    """Return the registry of nodes."""
    return Nodes(connection, keys)


@pytest.fixture
def dead_node(redis, keys):
    """Return the id of a dead node that has three jobs of `default` in progress, the oldest `1`."""
    redis.sadd(keys.nodes, "n1")
    redis.sadd(keys.node_queues("n1"), "default")
    redis.lpush(keys.in_progress("default", "n1"), "1", "2", "3")
    return "n1"


# Heartbeats


def test_the_first_heartbeat_takes_the_lease_and_registers_the_node(nodes, redis, keys):
    assert nodes.heartbeat("n1", "token", LEASE_MS, ["default", "low"]) == Beat("NEW", "token")

    assert redis.get(keys.node("n1")) == b"token"
    assert 0 < redis.pttl(keys.node("n1")) <= LEASE_MS
    assert nodes.members() == ["n1"]
    assert nodes.queues("n1") == ["default", "low"]
    assert nodes.holder("n1") == "token"


def test_a_heartbeat_keeps_the_lease_and_prolongs_it(nodes, redis, keys):
    nodes.heartbeat("n1", "token", 1000, [])

    assert nodes.heartbeat("n1", "token", LEASE_MS, []) == Beat("OK", "token")
    assert redis.pttl(keys.node("n1")) > 1000


def test_a_lease_that_had_lapsed_is_new(nodes, redis, keys):
    nodes.heartbeat("n1", "token", LEASE_MS, [])
    redis.delete(keys.node("n1"))

    assert nodes.heartbeat("n1", "token", LEASE_MS, []).status == "NEW"


def test_a_node_that_was_deregistered_is_new_and_registered_again(nodes, redis, keys):
    """An Elixir node that thinks us dead deregisters us, though we hold our lease again."""
    nodes.heartbeat("n1", "token", LEASE_MS, [])
    redis.srem(keys.nodes, "n1")

    assert nodes.heartbeat("n1", "token", LEASE_MS, []).status == "NEW"
    assert nodes.members() == ["n1"]


def test_another_holder_keeps_the_lease_and_nothing_is_changed(nodes, snapshot):
    nodes.heartbeat("n1", "theirs", LEASE_MS, [])
    before = snapshot()

    assert nodes.heartbeat("n1", "ours", LEASE_MS, ["default"]) == Beat("CONFLICT", "theirs")
    assert nodes.heartbeat("n1", "ours", LEASE_MS, [], replaces="someone else's") == Beat(
        "CONFLICT", "theirs"
    )
    assert snapshot() == before


def test_the_lease_of_a_holder_known_to_be_dead_is_taken_over(nodes):
    nodes.heartbeat("n1", "theirs", LEASE_MS, [])

    assert nodes.heartbeat("n1", "ours", LEASE_MS, [], replaces="theirs") == Beat("NEW", "ours")
    assert nodes.heartbeat("n1", "theirs", LEASE_MS, []) == Beat("CONFLICT", "ours")


def test_a_holder_without_a_token_keeps_the_lease_too(nodes, redis, keys):
    redis.set(keys.node("n1"), "")

    assert nodes.heartbeat("n1", "ours", LEASE_MS, []) == Beat("CONFLICT", "")


def test_any_number_of_queues_is_registered(nodes):
    queues = [f"queue-{number}" for number in range(10_000)]
    nodes.heartbeat("n1", "token", LEASE_MS, queues)

    assert nodes.queues("n1") == sorted(queues)


def test_a_full_server_keeps_a_lease_and_grants_one(nodes, full_server):
    """If memory ran out and with it all leases, every node would seem dead."""
    nodes.heartbeat("n1", "token", LEASE_MS, ["default"])
    full_server()

    assert nodes.heartbeat("n1", "token", LEASE_MS, ["default"]).status == "OK"
    assert nodes.heartbeat("n2", "token", LEASE_MS, ["default"]).status == "NEW"


@pytest.mark.parametrize("name", ["verk_nodes", "verk:node:n1", "verk:node:n1:queues"])
def test_a_heartbeat_on_a_key_of_the_wrong_type_has_done_nothing(nodes, redis, snapshot, name):
    redis.zadd(f"app:{name}", {"something": 1})
    before = snapshot()

    with pytest.raises(StoreError, match="WRONGTYPE"):
        nodes.heartbeat("n1", "token", LEASE_MS, ["default"])
    assert snapshot() == before


# Who lives


def test_members_are_dead_when_they_hold_no_lease(nodes, redis, keys):
    nodes.heartbeat("n1", "token", LEASE_MS, [])
    redis.sadd(keys.nodes, "n2", "n3")
    redis.set(keys.node("n3"), "alive")

    leases = nodes.leases()

    assert list(leases) == ["n1", "n2", "n3"]
    assert 59 < leases["n1"] <= 60
    assert (leases["n2"], leases["n3"]) == (None, float("inf"))
    assert nodes.dead() == ["n2"]
    assert (nodes.holder("n2"), nodes.holder("n3")) == (None, "alive")


def test_without_nodes_nobody_is_dead(nodes):
    assert (nodes.members(), nodes.leases(), nodes.dead(), nodes.queues("n1")) == ([], {}, [], [])


def test_a_name_that_is_no_text_is_shown_escaped(nodes, redis, keys):
    redis.sadd(keys.nodes, b"\xff")

    assert nodes.members() == ["\\xff"]


# Rescues


def test_the_jobs_of_a_dead_node_are_the_next_in_their_queue_and_the_oldest_comes_first(
    nodes, redis, keys, dead_node
):
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

    assert nodes.rescue("n1", "default", max_recoveries=3) == Rescued(False, moved=1, left=1, poison=[b"1"])
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


# Leaving


def test_a_node_that_leaves_nothing_is_forgotten(nodes, redis, keys):
    nodes.heartbeat("n1", "token", LEASE_MS, ["default", "low"])

    assert nodes.deregister("n1", "token") == 0
    assert redis.keys() == []


def test_a_node_that_leaves_jobs_ends_its_lease_so_that_they_are_rescued_at_once(nodes, redis, keys):
    nodes.heartbeat("n1", "token", LEASE_MS, ["default", "low"])
    redis.lpush(keys.in_progress("default", "n1"), "1", "2")

    assert nodes.deregister("n1", "token") == 2
    assert nodes.dead() == ["n1"]
    assert nodes.queues("n1") == ["default"]
    assert nodes.rescue("n1", "default").moved == 2
    assert nodes.members() == []


@pytest.mark.parametrize("token", ["ours", None])
def test_a_node_whose_lease_another_holds_is_left_alone(nodes, snapshot, token):
    nodes.heartbeat("n1", "theirs", LEASE_MS, ["default"])
    before = snapshot()

    assert nodes.deregister("n1", token) == -1
    assert snapshot() == before


def test_a_node_whose_lease_has_lapsed_is_left_to_its_peers(nodes, dead_node, snapshot):
    before = snapshot()

    assert nodes.deregister("n1", "token") == -1
    assert snapshot() == before


def test_a_dead_node_that_left_nothing_is_forgotten(nodes, redis, keys):
    redis.sadd(keys.nodes, "n1")

    assert nodes.deregister("n1", None) == 0
    assert nodes.members() == []


def test_leaving_twice_does_no_harm(nodes, snapshot):
    nodes.heartbeat("n1", "token", LEASE_MS, ["default"])
    nodes.deregister("n1", "token")

    assert nodes.deregister("n1", "token") == -1
    assert snapshot() == {}


@pytest.mark.parametrize("name", ["verk_nodes", "inprogress:default:n1"])
def test_leaving_with_a_key_of_the_wrong_type_has_done_nothing(nodes, redis, snapshot, name):
    nodes.heartbeat("n1", "token", LEASE_MS, ["default"])
    redis.delete(f"app:{name}")
    redis.set(f"app:{name}", "something")
    before = snapshot()

    with pytest.raises(StoreError, match="WRONGTYPE"):
        nodes.deregister("n1", "token")
    assert snapshot() == before


def test_a_full_server_lets_a_node_leave(nodes, full_server, redis):
    nodes.heartbeat("n1", "token", LEASE_MS, ["default"])
    full_server()

    assert nodes.deregister("n1", "token") == 0
    assert redis.keys() == []
