"""All nodes, as people see them: in one Redis and in several, living and dead."""

from __future__ import annotations

import json
import threading
import time

import pytest

from verk_actors.errors import StoreError
from verk_actors.store.all_nodes import AllNodes, NodeNotFound, NodeTakesNoSignals, RescuedNode
from verk_actors.store.exchange import Limits
from verk_actors.store.presence import Presence
from verk_actors.store.requests import NodeAnswers
from verk_actors.wire import bookkeeping
from verk_actors.wire.keys import identity_of

NOW = 1_700_000_000.5


@pytest.fixture
def all_nodes(connection, keys):
    """Return the nodes of one server, none so far."""
    return AllNodes([connection], keys, Limits(max_recoveries=1), lambda: NOW, time.monotonic)


@pytest.fixture
def living(nodes, connection, redis, keys):
    """Return a node that holds its lease, has told of itself 10 s ago, and runs two jobs."""
    nodes.heartbeat("n2", "token", 60_000, ["default", "low"])
    redis.lpush(keys.in_progress("low", "n2"), "a", "b")
    Presence(connection, keys, "n2").beat({"beat": redis.time()[0] - 10.0, "quiet": "false"}, [], first=True)
    return "n2"


def test_nodes_are_listed_with_what_they_hold_and_when_they_told_of_themselves(all_nodes, dead_node, living):
    # spec 4.17 case 236
    dead, alive = all_nodes.statuses()

    assert all_nodes.ids() == ["n1", "n2"]
    assert (dead.node_id, dead.is_alive, dead.queues, dead.in_progress) == ("n1", False, ("default",), {"default": 3})
    assert (dead.heartbeat_age_seconds, dead.is_quiet) == (None, None)
    assert (alive.node_id, alive.is_alive, alive.queues) == ("n2", True, ("default", "low"))
    assert alive.in_progress == {"default": 0, "low": 2}
    assert 9 < alive.heartbeat_age_seconds < 60
    assert alive.is_quiet is False


def test_a_node_of_several_servers_is_one_and_lives_where_it_lives_on_all(connection, keys, living):
    twice = AllNodes([connection, connection], keys, Limits(), lambda: NOW, time.monotonic)

    [node] = twice.statuses()
    assert (node.is_alive, node.in_progress) == (True, {"default": 0, "low": 4})


def test_living_nodes_are_asked_and_those_that_do_not_answer_are_named(connection, nodes, living, redis, keys):
    moments = iter([0.0, 0.0, 9.99])  # at the question, at the first wait, and at the next one, after an answer
    all_nodes = AllNodes([connection], keys, Limits(), lambda: NOW, lambda: next(moments))
    nodes.heartbeat("n3", "token", 60_000, [])
    nodes.heartbeat("of Verk", "alive", 60_000, [])

    def answer_one_question():
        _, question = redis.blpop([keys.requests("n3")], timeout=20)
        nonce, _, asked = question.decode().partition(" ")
        redis.rpush(keys.reply(nonce), f'"about {asked}"')

    answerer = threading.Thread(target=answer_one_question)
    answerer.start()
    answers = all_nodes.ask("tree", seconds=10)
    answerer.join()

    assert answers == NodeAnswers({"n3": b'"about tree"'}, ("n2",))


@pytest.mark.parametrize(("ask", "signal"), [("quiet", b"TSTP"), ("stop", b"TERM")])
def test_a_node_is_sent_sidekiqs_signals_which_expire(all_nodes, living, redis, keys, ask, signal):
    getattr(all_nodes, ask)("n2")

    key = keys.signals(identity_of("n2"))
    assert redis.lrange(key, 0, -1) == [signal]
    assert 0 < redis.ttl(key) <= 60


@pytest.mark.parametrize("ask", ["status", "quiet", "stop", "rescue"])
def test_a_node_that_is_not_there_is_an_error_that_names_it(all_nodes, ask):
    with pytest.raises(NodeNotFound, match="there is no node 'n9'") as caught:
        getattr(all_nodes, ask)("n9")
    assert caught.value.node_id == "n9"


@pytest.mark.parametrize("ask", ["quiet", "stop"])
def test_a_node_that_tells_nothing_of_itself_takes_no_signals_and_that_is_an_error(all_nodes, nodes, redis, keys, ask):
    nodes.heartbeat("n3", "token", 60_000, ["default"])  # as with presence=False

    with pytest.raises(NodeTakesNoSignals, match="node 'n3' takes no signals"):
        getattr(all_nodes, ask)("n3")
    assert not redis.exists(keys.signals(identity_of("n3")))


# Rescue (spec 4.11 case 186, 4.18 cases 248, 250)


def test_the_jobs_of_a_dead_node_go_back_to_their_queue_in_order_and_it_is_forgotten(all_nodes, dead_node, redis, keys):
    redis.sadd(keys.node_queues("n1"), "empty")
    redis.rpush(keys.in_progress("default", "n1"), *map(str, range(1200)))

    assert all_nodes.rescue("n1") == RescuedNode(1203, 0, 0)

    assert redis.llen(keys.queue("default")) == 1203
    assert all_nodes.ids() == []
    with pytest.raises(NodeNotFound):
        all_nodes.rescue("n1")


def test_a_dead_node_that_has_no_queues_is_forgotten(all_nodes, redis, keys):
    redis.sadd(keys.nodes, "n1")

    assert all_nodes.rescue("n1") == RescuedNode(0, 0, 0)
    assert all_nodes.ids() == []


def test_a_node_that_lives_is_left_alone(all_nodes, living):
    assert all_nodes.rescue("n2") == RescuedNode(0, 0, 2)
    assert all_nodes.status("n2").in_progress["low"] == 2


def test_jobs_that_were_recovered_too_often_are_buried(all_nodes, redis, keys):
    job = json.dumps({"class": "Crash", "args": [], "jid": "1", "queue": "default"})
    for _ in range(2):
        redis.sadd(keys.nodes, "n1")
        redis.sadd(keys.node_queues("n1"), "default")
        redis.lpush(keys.in_progress("default", "n1"), job, "no job")
        rescued = all_nodes.rescue("n1")

    assert rescued == RescuedNode(0, 2, 0)
    buried = {json.loads(member)["class"]: json.loads(member) for member in redis.zrange(keys.dead, 0, -1)}
    assert buried["Crash"]["error_class"] == bookkeeping.POISONED
    assert bookkeeping.UNDECODABLE in buried
    assert all_nodes.ids() == []


def test_what_redis_refuses_stays_and_is_told(all_nodes, dead_node, redis, keys):
    redis.set(keys.queue("default"), "something else")

    with pytest.raises(StoreError, match="WRONGTYPE"):
        all_nodes.rescue("n1")
    assert redis.llen(keys.in_progress("default", "n1")) == 3
