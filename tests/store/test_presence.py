"""What a node tells dashboards: the keys are Sidekiq's."""

from __future__ import annotations

import json

import attrs
import pytest

from verk_actors.errors import StoreError
from verk_actors.store.presence import Presence, Work

IDENTITY = "verk:process:n1"
WORK = Work(
    worker="q.worker_1",
    queue="q",
    payload=b'{"class":"A","jid":"1","args":["\xc3\xa9"]}',
    class_name="A",
    jid="1",
    started_at=1700000000.5,
)


@pytest.fixture
def presence(connection, keys) -> Presence:
    return Presence(connection, keys, "n1")


def test_a_beat_tells_of_the_node_and_of_what_it_runs_for_a_minute(presence, redis, keys):
    assert presence.beat({"info": "{}", "busy": 1}, [WORK], first=True) == []

    assert redis.smembers("app:processes") == {IDENTITY.encode()}
    assert redis.hgetall(f"app:{IDENTITY}") == {b"info": b"{}", b"busy": b"1"}
    for key in (keys.work(IDENTITY), keys.workers(IDENTITY)):
        [(worker, told)] = redis.hgetall(key).items()
        assert (worker, json.loads(told)) == (
            b"q.worker_1",
            {"queue": "q", "payload": WORK.payload.decode(), "run_at": 1700000000},
        )
        assert 50 < redis.ttl(key) <= 60
    assert 50 < redis.ttl(keys.process(IDENTITY)) <= 60


def test_each_beat_replaces_what_is_run_as_a_whole(presence, redis, keys):
    presence.beat({"busy": 1}, [WORK], first=True)
    presence.beat({"busy": 1}, [attrs.evolve(WORK, worker="q.worker_2")], first=False)

    assert redis.hkeys(keys.work(IDENTITY)) == redis.hkeys(keys.workers(IDENTITY)) == [b"q.worker_2"]

    presence.beat({"busy": 0}, [], first=False)

    assert not redis.exists(keys.work(IDENTITY), keys.workers(IDENTITY))


def test_of_long_jobs_that_are_too_many_the_arguments_are_left_out(presence, redis, keys):
    """A node of a thousand workers would else send a hundred megabytes every five seconds."""
    payload = b'{"class":"A","jid":"1","args":["' + b"x" * 90_000 + b'"]}'
    works = [attrs.evolve(WORK, worker=f"{number:02}", payload=payload) for number in range(20)]

    presence.beat({"busy": 20}, works, first=True)

    told = redis.hgetall(keys.work(IDENTITY))
    lengths = [len(json.loads(told[worker])["payload"]) for worker in sorted(told)]
    assert lengths[:11] == [len(payload)] * 11
    assert max(lengths[12:]) < 200


def test_thousands_of_jobs_are_told_of_in_one_step(presence, redis, keys):
    presence.beat({"busy": 5000}, [attrs.evolve(WORK, worker=str(number)) for number in range(5000)], first=True)

    assert redis.hlen(keys.work(IDENTITY)) == redis.hlen(keys.workers(IDENTITY)) == 5000


def test_an_idle_beat_is_one_script_of_four_commands(presence, redis):
    presence.beat({"busy": 0}, [], first=True)
    redis.config_resetstat()
    presence.beat({"busy": 0}, [], first=False)

    calls = {name: stats["calls"] for name, stats in redis.info("commandstats").items()}
    calls.pop("cmdstat_config|resetstat", None)
    assert calls == dict.fromkeys(
        ["cmdstat_evalsha", "cmdstat_rpop", "cmdstat_sadd", "cmdstat_hset", "cmdstat_expire"], 1
    )


def test_signals_come_once_and_in_order(presence, redis, keys):
    """Conformance case 236: a signal is delivered once."""
    presence.beat({"busy": 0}, [], first=True)
    redis.lpush(keys.signals(IDENTITY), "TSTP", "TERM")

    assert presence.beat({"busy": 0}, [], first=False) == ["TSTP", "TERM"]
    assert presence.beat({"busy": 0}, [], first=False) == []


def test_signals_to_the_process_before_are_dropped_and_so_is_what_it_ran(presence, redis, keys):
    redis.lpush(keys.signals(IDENTITY), "TERM")
    redis.hset(keys.work(IDENTITY), "q.worker_9", "{}")

    assert presence.beat({"busy": 0}, [], first=True) == []
    assert presence.beat({"busy": 0}, [], first=False) == []
    assert not redis.exists(keys.signals(IDENTITY), keys.work(IDENTITY))


def test_of_a_huge_job_the_arguments_are_left_out(presence, redis, keys):
    payload = json.dumps({"class": "A", "jid": "1", "args": ["x" * 200_000]}).encode()
    presence.beat({"busy": 1}, [attrs.evolve(WORK, payload=payload)], first=True)

    told = json.loads(redis.hget(keys.work(IDENTITY), "q.worker_1"))
    shown = json.loads(told["payload"])
    assert (shown["class"], shown["jid"], shown["args"]) == (
        "A",
        "1",
        [f"{len(payload)} bytes, too long to be shown here"],
    )


def test_a_node_that_is_removed_leaves_nothing(presence, redis):
    presence.beat({"busy": 1}, [WORK], first=True)

    presence.remove()

    assert redis.keys("*") == []


def test_nodes_of_ours_that_told_nothing_for_a_minute_are_forgotten(presence, redis):
    """Conformance case 246: nodes whose hash has expired are pruned; upstream's deletes the jobs of the living too."""
    presence.beat({"busy": 1}, [WORK], first=True)
    redis.sadd("app:processes", "verk:process:killed", "host:1:sidekiq")

    assert presence.forget_expired() == 1

    assert redis.smembers("app:processes") == {IDENTITY.encode(), b"host:1:sidekiq"}
    assert redis.hlen(f"app:{IDENTITY}:work") == 1


def test_a_full_server_takes_it_all_the_same(presence, redis, keys, full_server):
    presence.beat({"busy": 0}, [], first=True)
    full_server()

    presence.beat({"busy": 1}, [WORK], first=False)

    assert redis.hget(keys.process(IDENTITY), "busy") == b"1"


def test_a_key_of_another_type_is_an_error_and_costs_no_other_key(presence, redis, keys):
    redis.set(keys.work(IDENTITY), "x", ex=60)
    redis.set("app:processes", "x")

    with pytest.raises(StoreError, match="WRONGTYPE"):
        presence.beat({"busy": 1}, [WORK], first=True)

    assert redis.hget(keys.process(IDENTITY), "busy") == b"1"
    assert redis.hlen(keys.work(IDENTITY)) == 1
