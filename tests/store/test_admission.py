"""Which fetched jobs start, and which are put aside: what the script makes of limits."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from verk_actors.errors import StoreError
from verk_actors.settings.limit import Limit
from verk_actors.store.admission import Admission, Applicant, Use, holder_of, slot_given_back
from verk_actors.store.connection import Connection
from verk_actors.store.exchange import InProgress, Settlement
from verk_actors.store.limit_calls import LimitCalls
from verk_actors.wire.keys import Keys

TWO = Limit("two", concurrency=2)


@pytest.fixture
def admission(connection: Connection, keys: Keys) -> Admission:
    return Admission(connection, keys, "default", "n1")


def applicant(redis, keys: Keys, jid: str, *limits: Limit, since: float = 1.0, id_: str = "") -> Applicant:
    """Put a job into progress, and return it as one that is to start."""
    payload = json.dumps({"class": "C", "args": [], "jid": jid, "since": since}).encode()
    redis.lpush(keys.in_progress("default", "n1"), payload)
    return Applicant(payload=payload, jid=jid, since=since, uses=[Use(id_ or limit.name, limit) for limit in limits])


def waiting(redis, keys: Keys, limit_id: str) -> list[str]:
    return [json.loads(payload)["jid"] for payload in redis.zrange(keys.waiting(limit_id), 0, -1)]


def test_as_many_start_as_there_are_slots_and_the_rest_wait_in_the_order_of_their_enqueues(
    admission, redis, keys
) -> None:
    jobs = [applicant(redis, keys, str(number), TWO, since=10.0 - number) for number in range(4)]

    assert admission.admit("token", jobs) == [True, True, False, False]
    assert redis.hgetall(keys.slots("two")) == dict.fromkeys((b"0", b"1"), holder_of("n1", "token").encode())
    assert redis.zrange(keys.waiting("two"), 0, -1, withscores=True) == [(jobs[3].payload, 7.0), (jobs[2].payload, 8.0)]
    assert redis.lrange(keys.in_progress("default", "n1"), 0, -1) == [jobs[1].payload, jobs[0].payload]
    assert 0 <= time.time() - redis.zscore(keys.limited, "two") < 60


def test_a_slot_is_given_back_in_the_step_that_settles_its_job(admission, redis, keys, connection) -> None:
    [job] = [applicant(redis, keys, "1", TWO)]
    admission.admit("token", [job])
    in_progress = InProgress(connection, keys, "default", "n1")
    settlement = Settlement("ack", job.payload, effects=(slot_given_back(keys.slots("two"), "1"),))

    assert in_progress.exchange("token", [settlement], 0, 1.0).settled == [True]
    assert not redis.exists(keys.slots("two"))

    redis.hset(keys.slots("two"), "1", "another's by now")
    assert in_progress.exchange("token", [settlement], 0, 1.0).settled == [False]
    assert redis.exists(keys.slots("two"))


def test_of_two_jobs_with_one_jid_the_second_waits(admission, redis, keys) -> None:
    first, second = (applicant(redis, keys, "1", TWO, since=since) for since in (1.0, 2.0))

    assert admission.admit("token", [first]) == [True]
    assert admission.admit("token", [second]) == [False]


def test_who_waits_goes_before_who_comes_and_a_job_that_was_called_before_both(admission, redis, keys) -> None:
    one = Limit("one", concurrency=1)
    admission.admit("token", [applicant(redis, keys, name, one, since=5.0) for name in ("runs", "waits")])
    redis.hdel(keys.slots("one"), "runs")

    assert admission.admit("token", [applicant(redis, keys, "late", one, since=6.0)]) == [False]
    redis.zadd(keys.called("one"), {"called": 1})
    assert admission.admit("token", [applicant(redis, keys, "called", one, since=9.0)]) == [True]
    redis.hdel(keys.slots("one"), "called")
    assert admission.admit("token", [applicant(redis, keys, "early", one, since=4.0)]) == [True]
    assert waiting(redis, keys, "one") == ["waits", "late"]
    assert not redis.exists(keys.called("one"))


def test_a_job_has_all_its_limits_or_none_and_waits_for_the_first_that_has_no_room(admission, redis, keys) -> None:
    one, rate = Limit("one", concurrency=1), Limit("rate", rate=1, period_seconds=60.0)
    first, second, third = (applicant(redis, keys, str(number), rate, TWO, one) for number in range(3))
    redis.hset(keys.slots("one"), "other", "n2 token")

    assert admission.admit("token", [first, second]) == [False, False]
    assert waiting(redis, keys, "one") == ["0", "1"]
    assert not redis.exists(keys.arrival("rate"), keys.slots("two"))
    redis.delete(keys.slots("one"), keys.waiting("one"))
    assert admission.admit("token", [third]) == [True]
    assert redis.exists(keys.arrival("rate"), keys.slots("two"), keys.slots("one")) == 3


def test_a_job_from_the_future_waits_as_if_it_were_from_now(admission, redis, keys) -> None:
    redis.hset(keys.slots("one"), "other", "n2 token")

    admission.admit("token", [applicant(redis, keys, "1", Limit("one", concurrency=1), since=9e12)])

    assert abs(redis.zscore(keys.waiting("one"), redis.zrange(keys.waiting("one"), 0, 0)[0]) - time.time()) < 60


def test_a_job_that_a_peer_has_taken_is_nobodys_here(admission, redis, keys) -> None:
    job = applicant(redis, keys, "1", Limit("one", concurrency=1))
    redis.delete(keys.in_progress("default", "n1"))
    redis.hset(keys.slots("one"), "other", "n2 token")

    assert admission.admit("token", [job]) == [None]
    assert not redis.exists(keys.waiting("one"), keys.limited)


@pytest.mark.parametrize(("burst", "admitted"), [(1, 1), (3, 3), (None, 1)])
def test_a_rate_lets_a_burst_start_and_then_one_by_one(admission, redis, keys, burst, admitted) -> None:
    limit = Limit("rate", rate=2, period_seconds=100.0, burst=burst)
    jobs = [applicant(redis, keys, str(number), limit) for number in range(5)]

    assert admission.admit("token", jobs).count(True) == admitted
    arrival = int(redis.get(keys.arrival("rate"))) / 1e6 - time.time()
    assert abs(arrival - admitted * 50) < 10
    assert 0 < redis.ttl(keys.arrival("rate")) <= admitted * 50 + 1

    redis.delete(keys.waiting("rate"))
    redis.set(keys.arrival("rate"), round((time.time() - 1000) * 1e6))  # a long pause saves up no more than a burst
    jobs = [applicant(redis, keys, str(number), limit, since=2.0) for number in range(5)]
    assert admission.admit("token", jobs).count(True) == admitted


def test_the_slots_of_a_node_are_its_own_and_expire_when_they_are_long_left(admission, redis, keys) -> None:
    limit = Limit("one", concurrency=1, per="node")
    redis.hset(keys.slots("one", "n2"), "other", "n2 token")

    assert admission.admit("token", [applicant(redis, keys, str(n), limit) for n in range(2)]) == [True, False]
    assert 6 * 86_400 < redis.ttl(keys.slots("one", "n1")) <= 7 * 86_400
    assert not redis.exists(keys.slots("one"))


@pytest.mark.parametrize("spoiled", ["slots", "waiting", "called", "arrival"])
def test_a_limit_with_a_key_that_holds_something_else_holds_up_its_own_jobs_alone(
    admission, redis, keys, spoiled: str
) -> None:
    bad = Limit("bad", rate=1) if spoiled == "arrival" else Limit("bad", concurrency=5)
    key = getattr(keys, spoiled)("bad")
    redis.rpush(key, "not ours")
    jobs = [applicant(redis, keys, str(number), TWO, *[bad] * (number < 2)) for number in range(4)]

    assert admission.admit("token", jobs) == [False, False, True, True]
    scheduled = dict(redis.zrange(keys.schedule, 0, -1, withscores=True))
    assert scheduled.keys() == {jobs[0].payload, jobs[1].payload}
    assert all(50 < at - time.time() <= 60 for at in scheduled.values())
    assert redis.lrange(keys.in_progress("default", "n1"), 0, -1) == [jobs[3].payload, jobs[2].payload]
    assert redis.zrange(keys.limited, 0, -1) == [b"bad"]  # for the LimitManager and `verk doctor` to find
    assert redis.lrange(key, 0, -1) == [b"not ours"]


@pytest.mark.parametrize("spoiled", ["limited", "schedule"])
def test_where_a_key_of_all_limits_holds_something_else_nothing_is_done(admission, redis, keys, spoiled: str) -> None:
    redis.set(getattr(keys, spoiled), "x")
    jobs = [applicant(redis, keys, str(number), TWO, Limit("rate", rate=1)) for number in range(4)]
    before: Any = {key: redis.dump(key) for key in redis.keys("*")}

    with pytest.raises(StoreError, match="WRONGTYPE"):
        admission.admit("token", jobs)
    assert {key: redis.dump(key) for key in redis.keys("*")} == before


def test_a_clock_that_is_set_back_holds_no_rate_up(admission, redis, keys) -> None:
    limit = Limit("rate", rate=1, period_seconds=30.0, burst=2)
    redis.set(keys.arrival("rate"), round((time.time() + 3600) * 1e6))  # as an hour ahead

    assert admission.admit("token", [applicant(redis, keys, "1", limit)]) == [False]
    assert 0 < LimitCalls(admission._commands, keys, "n1").rooms({"rate": limit})["rate"].next_in_seconds <= 30


def test_a_full_server_admits_and_puts_aside(admission, redis, keys) -> None:
    jobs = [applicant(redis, keys, str(number), TWO) for number in range(3)]
    redis.config_set("maxmemory", 1)
    try:
        assert admission.admit("token", jobs) == [True, True, False]
    finally:
        redis.config_set("maxmemory", 0)


def test_slots_are_held_on_by_another_token(admission, redis, keys) -> None:
    admission.hold("new", [(keys.slots("two"), "1"), (keys.slots("two"), "2")])

    assert set(redis.hvals(keys.slots("two"))) == {b"n1 new"}
