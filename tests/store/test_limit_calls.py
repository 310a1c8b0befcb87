"""How jobs that wait for limits are called, and slots of the dead given back."""

from __future__ import annotations

import json
import time

import pytest

from verk_actors.errors import StoreError
from verk_actors.settings.limit import Limit
from verk_actors.store.connection import Connection
from verk_actors.store.limit_calls import MOST_CALLED, LimitCalls
from verk_actors.wire.keys import Keys

TWO = Limit("two", concurrency=2)
RATE = Limit("rate", rate=10, period_seconds=10_000.0, burst=3)


@pytest.fixture
def calls(connection: Connection, keys: Keys) -> LimitCalls:
    return LimitCalls(connection, keys, "n1")


def wait_for(redis, keys: Keys, limit_id: str, *jids: str, queue: str = "q", at: float = 0.0) -> list[bytes]:
    """Have jobs wait for a limit, the first the longest."""
    payloads = [json.dumps({"class": "C", "args": [], "jid": jid, "queue": queue}).encode() for jid in jids]
    redis.zadd(keys.waiting(limit_id), {payload: at + place for place, payload in enumerate(payloads)})
    redis.zadd(keys.limited, {limit_id: at})
    return payloads


def test_the_limits_for_which_nobody_waits_any_more_are_forgotten(calls, redis, keys) -> None:
    redis.zadd(keys.limited, {"two": 1.0, "later": time.time() + 30})

    due = calls.due()
    assert due.ids == ["two"]
    assert due.next_in_seconds is not None and 20 < due.next_in_seconds <= 30
    assert calls.rooms({"two": TWO})["two"].count == 0
    assert redis.zrange(keys.limited, 0, -1) == [b"later"]


def test_as_many_may_be_called_as_slots_are_free_but_for_those_that_are_on_their_way(calls, redis, keys) -> None:
    payloads = wait_for(redis, keys, "two", *"abcd")
    before = time.time()
    rooms = calls.rooms({"two": TWO})

    assert (rooms["two"].count, rooms["two"].free, rooms["two"].first) == (4, 2, payloads)
    assert redis.zscore(keys.limited, "two") > before + 4
    redis.zadd(keys.called("two"), {"e": time.time() + 60, "lost": time.time() - 10})
    assert calls.rooms({"two": TWO})["two"].free == 1
    redis.hset(keys.slots("two"), mapping={"x": "n1 t", "y": "n1 t", "z": "n1 t"})
    assert calls.rooms({"two": TWO})["two"].free == 0


def test_of_a_rate_as_many_as_may_start_now_and_it_is_known_when_the_next_may(calls, redis, keys) -> None:
    wait_for(redis, keys, "rate", *"abcdef")

    room = calls.rooms({"rate": RATE})["rate"]
    assert room.free == 3
    assert room.next_in_seconds is not None and 900 < room.next_in_seconds <= 1000
    redis.set(keys.arrival("rate"), round((time.time() + 2500) * 1e6))
    room = calls.rooms({"rate": RATE})["rate"]
    assert room.free == 0
    assert room.next_in_seconds is not None and 400 < room.next_in_seconds <= 500


def test_a_limit_of_each_node_stays_due_for_all_of_them(calls, redis, keys) -> None:
    wait_for(redis, keys, "two", "a")
    redis.hset(keys.slots("two", "n2"), mapping={"x": "n2 t", "y": "n2 t"})

    of_each = {"two": Limit("two", concurrency=2, per="node")}
    assert calls.rooms(of_each)["two"].free == 2
    assert calls.rooms(of_each)["two"].next_in_seconds == 0
    redis.hset(keys.slots("two", "n1"), mapping={"x": "n1 t", "y": "n1 t"})
    assert calls.rooms(of_each)["two"].next_in_seconds is None  # it will know by itself
    assert calls.due().ids == ["two"]


@pytest.mark.parametrize("spoiled", ["slots", "waiting", "called", "arrival"])
def test_a_key_that_holds_something_else_is_named(calls, redis, keys, spoiled: str) -> None:
    limit = RATE if spoiled == "arrival" else TWO
    key = getattr(keys, spoiled)(limit.name)
    redis.rpush(key, "not ours")

    with pytest.raises(StoreError, match=f"WRONGTYPE {key} holds a list, where a (hash|string|zset) should be"):
        calls.rooms({limit.name: limit})


def test_called_jobs_are_next_in_their_queues_byte_for_byte_the_first_one_first(calls, redis, keys) -> None:
    a, b = wait_for(redis, keys, "two", "a", "b")
    [other] = wait_for(redis, keys, "two", "c", queue="other", at=10)
    redis.lpush(keys.queue("q"), "first", "second")

    called = calls.call("two", TWO, [a, b, other], 1.0)

    assert called.queues == ["q", "q", "other"]
    assert redis.lrange(keys.queue("q"), 0, -1) == [b"second", b"first", b, a]
    assert redis.lrange(keys.queue("other"), 0, -1) == [other]
    assert redis.smembers(keys.queues) == {b"q", b"other"}
    assert redis.zrange(keys.called("two"), 0, -1) == [b"a", b"b", b"c"]
    assert calls.call("two", TWO, [a, b, other], 1.0).queues == []


def test_a_job_whose_jid_holds_a_slot_waits_on_and_one_that_is_none_dies(calls, redis, keys) -> None:
    held, free = wait_for(redis, keys, "two", "held", "free")
    redis.zadd(keys.waiting("two"), {b"{}": 1.5, b'{"class":"C","args":[],"jid":"1"}': 1.6})
    redis.hset(keys.slots("two"), "held", "n2 token")

    called = calls.call("two", TWO, [held, free, b"{}", b'{"class":"C","args":[],"jid":"1"}'], 1.0)

    assert (called.queues, called.held, called.malformed) == (["q"], 1, 2)
    assert redis.zrange(keys.waiting("two"), 0, -1) == [held]
    assert redis.zcard(keys.dead) == 2


def test_what_is_called_to_a_paused_queue_takes_up_no_room(calls, redis, keys) -> None:
    resting, brisk = *wait_for(redis, keys, "two", "a", queue="resting"), *wait_for(redis, keys, "two", "b")

    assert calls.call("two", TWO, [resting, brisk], 1.0, {"resting"}).queues == ["resting", "q"]
    assert redis.zrange(keys.called("two"), 0, -1) == [b"b"]


def test_what_a_queue_refuses_waits_on(calls, redis, keys) -> None:
    [payload] = wait_for(redis, keys, "two", "a", at=5.0)
    redis.set(keys.queue("q"), "no list")

    called = calls.call("two", TWO, [payload], 1.0)

    assert called.queues == []
    assert called.refusal is not None and "WRONGTYPE" in called.refusal.why
    assert redis.zscore(keys.waiting("two"), payload) == 5.0


def test_slots_of_dead_nodes_and_lost_ones_of_ones_own_are_given_back(calls, redis, keys) -> None:
    redis.set(keys.node("n1"), "token")
    redis.set(keys.node("n2"), "token")
    holders = {"own": "n1 token", "lost": "n1 token", "old": "n1 before", "live": "n2 token", "dead": "n3 token"}
    redis.hset(keys.slots("two"), mapping={**holders, "odd": "odd"})

    assert calls.reclaim("two", TWO, "token", lambda jid: jid == "lost") == 4
    assert redis.hkeys(keys.slots("two")) == [b"own", b"live"]


def test_a_limit_that_nobody_looks_at_is_forgotten_after_a_minute_and_all_that_wait_are_called(
    calls, redis, keys
) -> None:
    wait_for(redis, keys, "gone", *"abc")
    redis.zadd(keys.limited, {"new": time.time()})

    assert calls.is_forgotten("gone")
    assert not calls.is_forgotten("new")
    assert not calls.is_forgotten("none")
    room = calls.rooms({"gone": None})["gone"]
    assert (room.free, len(room.first)) == (MOST_CALLED, 3)
