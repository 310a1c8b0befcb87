from __future__ import annotations

import pytest

from verk_actors.errors import StoreError
from verk_actors.store.nodes import Beat
from verk_actors.store.scripts import DEREGISTER

LEASE_MS = 60_000


# Heartbeats


def test_the_first_heartbeat_takes_the_lease_and_registers_the_node(nodes, redis, keys):
    assert nodes.heartbeat("n1", "token", LEASE_MS, ["default", "low"]) == Beat("NEW", "token")

    assert redis.get(keys.node("n1")) == b"token"
    assert 0 < redis.pttl(keys.node("n1")) <= LEASE_MS
    assert nodes.members() == ["n1"]
    assert nodes.queues("n1") == ["default", "low"]
    assert nodes.holder("n1") == "token"


def test_a_heartbeat_keeps_the_lease_and_prolongs_it(nodes, redis, keys):
    nodes.heartbeat("n1", "token", LEASE_MS // 2, [])

    assert nodes.heartbeat("n1", "token", LEASE_MS, []) == Beat("OK", "token")
    assert redis.pttl(keys.node("n1")) > LEASE_MS // 2


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
    assert nodes.heartbeat("n1", "ours", LEASE_MS, [], fresh="fresh") == Beat("CONFLICT", "theirs")
    assert snapshot() == before


def test_a_lease_that_had_lapsed_is_taken_under_the_fresh_token_so_that_late_fetches_are_refused(nodes, in_progress):
    nodes.heartbeat("n1", "token", LEASE_MS, [])
    nodes.deregister("n1", "token")

    assert nodes.heartbeat("n1", "token", LEASE_MS, [], fresh="fresh") == Beat("NEW", "fresh")
    assert in_progress.exchange("token", [], 1, 0.0).status == "FENCED"
    assert in_progress.exchange("fresh", [], 1, 0.0).status == "OK"


def test_a_heartbeat_whose_reply_was_lost_is_repeated_and_keeps_the_fresh_token(nodes):
    nodes.heartbeat("n1", "token", LEASE_MS, [], fresh="fresh")

    assert nodes.heartbeat("n1", "token", LEASE_MS, [], fresh="fresh") == Beat("NEW", "fresh")
    assert nodes.heartbeat("n1", "fresh", LEASE_MS, [], fresh="fresher") == Beat("OK", "fresh")
    assert nodes.heartbeat("n1", "theirs", LEASE_MS, []) == Beat("CONFLICT", "fresh")


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
    assert 30 < leases["n1"] <= 60
    assert (leases["n2"], leases["n3"]) == (None, float("inf"))
    assert nodes.dead() == ["n2"]
    assert (nodes.holder("n2"), nodes.holder("n3")) == (None, "alive")


def test_the_seconds_that_a_lease_has_left_are_told(nodes):
    nodes.heartbeat("n1", "token", 100_000_000, [])

    assert nodes.lease_seconds("n1") == pytest.approx(100_000, abs=60)
    assert nodes.lease_seconds("n2") is None


def test_without_nodes_nobody_is_dead(nodes):
    assert (nodes.members(), nodes.leases(), nodes.dead(), nodes.queues("n1")) == ([], {}, [], [])


def test_a_name_that_is_no_text_is_shown_escaped(nodes, redis, keys):
    redis.sadd(keys.nodes, b"\xff")

    assert nodes.members() == ["\\xff"]


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


@pytest.mark.parametrize("name", ["verk_nodes", "inprogress:default:n1", "verk:node:n1:queues"])
def test_leaving_with_a_key_of_the_wrong_type_has_done_nothing(nodes, connection, redis, keys, snapshot, name):
    nodes.heartbeat("n1", "token", LEASE_MS, ["default"])
    redis.delete(f"app:{name}")
    redis.set(f"app:{name}", "something")
    before = snapshot()

    with pytest.raises(StoreError, match="WRONGTYPE"):
        nodes.deregister("n1", "token")
    with pytest.raises(StoreError, match="WRONGTYPE"):  # the script as well, should a key change in between
        registry = (keys.node("n1"), keys.node_queues("n1"), keys.nodes, keys.in_progress("default", "n1"))
        connection.script(DEREGISTER, registry, ("n1", "token", "default"))
    assert snapshot() == before


def test_a_full_server_lets_a_node_leave(nodes, full_server, redis):
    nodes.heartbeat("n1", "token", LEASE_MS, ["default"])
    full_server()

    assert nodes.deregister("n1", "token") == 0
    assert redis.keys() == []


def test_a_heartbeat_tells_what_is_paused_and_a_refused_one_does_not(nodes, redis, keys):
    redis.sadd(keys.paused, "q", "of another node")

    assert nodes.heartbeat("n1", "token", LEASE_MS, ["q"]).paused == {"q", "of another node"}
    assert nodes.heartbeat("n1", "other", LEASE_MS, ["q"]).paused == frozenset()


def test_a_paused_key_of_the_wrong_type_costs_no_lease(nodes, redis, keys):
    redis.set(keys.paused, "something else")

    assert nodes.heartbeat("n1", "token", LEASE_MS, ["q"]) == Beat("NEW", "token")
