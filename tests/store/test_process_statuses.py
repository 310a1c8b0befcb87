"""What nodes of all kinds have told of themselves."""

from __future__ import annotations

import json

import pytest

from verk_actors.errors import StoreError
from verk_actors.store.all_nodes import AllNodes, NodeNotFound
from verk_actors.store.exchange import Limits
from verk_actors.store.presence import Presence
from verk_actors.store.processes import Processes, ProcessStatus
from verk_actors.store.queue_share import QueueShare

SIDEKIQ = "vm:952:02b4ecabc929"


@pytest.fixture
def processes(connection, keys) -> Processes:
    return Processes([connection], keys)


def test_a_node_of_ours_is_told_of_by_its_id(processes, connection, keys, redis):
    info = {"hostname": "vm", "pid": 7, "tag": "n1", "queues": ["a", "b"], "labels": ["x"], "started_at": 1_700_000_000}
    now = redis.time()[0]
    Presence(connection, keys, "n1").beat(
        {"info": json.dumps(info), "concurrency": 5, "busy": 2, "beat": now - 10.0, "rtt_us": 250, "quiet": "true",
         "rss": 2048, "shares": '{"a":{"size":3,"busy":1,"status":"running"},"b":7,"c":{"size":"3"}}'}, [], first=True,
    )  # fmt: skip

    [status] = processes.statuses()

    assert 9 < (status.beat_age_seconds or 0) < 60
    assert status == ProcessStatus(
        node="n1", is_ours=True, hostname="vm", pid=7, tag="n1", labels=("x",), queues=("a", "b"),
        shares={"a": QueueShare(size=3, busy=1, status="running")},
        started_at=1_700_000_000.0, concurrency=5, busy=2, is_quiet=True, beat_age_seconds=status.beat_age_seconds,
        round_trip_seconds=0.00025, memory_bytes=2_097_152,
    )  # fmt: skip


def test_processes_of_sidekiq_tell_of_themselves_in_the_same_way(processes, redis, keys):
    """The values are those of Sidekiq 6.4.1, which has its concurrency in `info`, and queues by their weight."""
    info = {"hostname": "vm", "started_at": 1795310914.4, "pid": 952, "tag": "app", "concurrency": 10,
            "queues": ["critical", "critical", "default"], "labels": [], "identity": SIDEKIQ}  # fmt: skip
    redis.sadd(keys.processes, SIDEKIQ)
    redis.hset(f"app:{SIDEKIQ}", mapping={"info": json.dumps(info), "busy": 1, "quiet": "false"})

    [status] = processes.statuses()

    assert (status.node, status.is_ours, status.concurrency, status.busy) == (SIDEKIQ, False, 10, 1)
    assert (status.queues, status.is_quiet, status.beat_age_seconds) == (("critical", "default"), False, None)


@pytest.mark.parametrize(
    "told",
    [
        {"info": "{", "busy": "x", "beat": "nan", "rss": "-1", "concurrency": "1e300"},
        {"info": '{"pid":"7","queues":7,"labels":[7],"hostname":null,"started_at":"x","concurrency":true}'},
    ],
    ids=repr,
)
def test_what_can_not_be_read_is_left_out_and_breaks_no_listing(processes, redis, keys, told):
    redis.sadd(keys.processes, SIDEKIQ)
    redis.hset(keys.process(SIDEKIQ), mapping=told)

    [status] = processes.statuses()

    labels = ("",) if "labels" in told["info"] else ()
    assert status == ProcessStatus(node=SIDEKIQ, is_ours=False, labels=labels)


def test_one_that_has_expired_or_is_no_hash_is_left_out(processes, redis, keys):
    redis.sadd(keys.processes, SIDEKIQ, "other:1:2")
    redis.set(keys.process("other:1:2"), "x")

    assert processes.statuses() == []


@pytest.mark.parametrize(("ask", "signal"), [("quiet", b"TSTP"), ("stop", b"TERM")])
def test_a_process_of_sidekiq_is_sent_its_signals_by_its_identity(connection, redis, keys, ask, signal):
    nodes = AllNodes([connection], keys, Limits(), lambda: 0.0, lambda: 0.0)
    redis.sadd(keys.processes, SIDEKIQ)
    redis.hset(keys.process(SIDEKIQ), mapping={"busy": 1})

    getattr(nodes, ask)(SIDEKIQ)

    assert redis.lrange(f"app:{SIDEKIQ}-signals", 0, -1) == [signal]
    with pytest.raises(NodeNotFound):
        nodes.rescue(SIDEKIQ)


def test_it_is_known_whether_a_node_is_ours_or_verks(connection, nodes, redis, keys):
    nodes.heartbeat("n1", "token", 60_000, ["default"])
    redis.sadd(keys.nodes, "verk", "dead")
    redis.set(keys.node("verk"), "alive", px=60_000)
    all_nodes = AllNodes([connection], keys, Limits(), lambda: 0.0, lambda: 0.0)

    assert {one.node_id: (one.program, one.is_alive) for one in all_nodes.statuses()} == {
        "n1": ("verk_actors", True),
        "verk": ("verk", True),
        "dead": (None, False),
    }


def test_a_server_that_is_away_is_an_error(processes, redis, keys, connection):
    redis.set(keys.processes, "x")

    with pytest.raises(StoreError):
        processes.statuses()
