"""A job that waits is cancelled where it is found."""

from __future__ import annotations

import json

import pytest

from verk_actors.store.queue import Queue
from verk_actors.store.waiting_jobs import WaitingJobs
from verk_actors.wire.codec import decode

NOW = 1_700_000_000.0


@pytest.fixture
def waiting(connection, keys) -> WaitingJobs:
    return WaitingJobs(connection, keys, lambda: NOW)


def payload_of(jid: str, **fields: object) -> bytes:
    return json.dumps({"class": "A", "jid": jid, "args": [1.5], "queue": "q", "retry": True, **fields}).encode()


def the_dead_one(redis, keys) -> tuple[dict[str, object], float]:
    [(payload, score)] = redis.zrange(keys.dead, 0, -1, withscores=True)
    return json.loads(payload), score


def test_a_job_in_its_queue_goes_to_the_dead_marked_as_cancelled(waiting, connection, redis, keys):
    Queue(connection, keys, "q").push(*(payload_of(jid) for jid in "abc"))

    assert waiting.cancel("b") == ("queue", "q")

    assert [json.loads(payload)["jid"] for payload in redis.lrange(keys.queue("q"), 0, -1)] == ["c", "a"]
    job, score = the_dead_one(redis, keys)
    assert (job["jid"], job["args"], job["error_class"], job["error_message"]) == (
        "b",
        [1.5],
        "JobCancelled",
        "Canceled",
    )
    assert score == NOW


@pytest.mark.parametrize("where", ["schedule", "retry"])
def test_so_does_one_that_waits_for_a_time(waiting, redis, keys, where):
    redis.zadd(getattr(keys, where), {payload_of("a"): NOW + 60, payload_of("b"): NOW + 70})

    assert waiting.cancel("a") == (where, "q")

    assert redis.zcard(getattr(keys, where)) == 1
    assert the_dead_one(redis, keys)[0]["error_message"] == "Canceled"


def test_what_is_nowhere_is_not_found(waiting, redis, keys):
    redis.zadd(keys.dead, {payload_of("a"): NOW})

    assert waiting.cancel("a") is None


def test_of_a_unique_job_the_lock_is_released(waiting, connection, redis, keys):
    payload = payload_of("a", unique_for=60, unique_token="token")
    assert decode(payload).unique_token == "token"
    Queue(connection, keys, "q").push(payload)
    redis.set(keys.unique("token"), "a")

    waiting.cancel("a")

    assert not redis.exists(keys.unique("token"))


def test_so_does_one_that_waits_for_a_limit(waiting, redis, keys):
    redis.zadd(keys.limited, {"one": 1})
    redis.zadd(keys.waiting("one"), {payload_of("a"): 1})

    assert waiting.cancel("a") == ("limit", "q")
    assert the_dead_one(redis, keys)[0]["jid"] == "a"
    assert not redis.exists(keys.waiting("one"))
