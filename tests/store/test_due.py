from __future__ import annotations

import json

import pytest

from verk_actors.errors import StoreError, StoreUnavailable
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.store.connection import Connection
from verk_actors.store.due import DueJobs, Promoted
from verk_actors.wire import bookkeeping


def job(jid: str, **fields: object) -> bytes:
    return json.dumps({"class": "Add", "args": [1], "queue": "default", "jid": jid, **fields}).encode()


@pytest.fixture
def due(connection, keys):
    """Return the due jobs, none so far."""
    return DueJobs(connection, keys)


@pytest.fixture
def server_now(redis):
    """Return the time on the server, unix seconds."""
    seconds, microseconds = redis.time()
    return seconds + microseconds / 1e6


def jids_in(redis, key) -> list[str]:
    return [json.loads(payload)["jid"] for payload in redis.lrange(key, 0, -1)]


def test_without_jobs_nothing_is_due(due, redis):
    assert due.promote() == Promoted(moved=0, malformed=0, refused=0, next_due_in_seconds=None)
    assert redis.keys() == []


def test_due_jobs_of_both_sets_come_to_their_queues_the_earliest_to_run_first(due, redis, keys):
    redis.zadd(keys.retry, {job("2"): 2, job("1"): 1, job("low", queue="low"): 3})
    redis.zadd(keys.schedule, {job("3"): 0})

    assert due.promote() == Promoted(moved=4, malformed=0, refused=0, next_due_in_seconds=None)

    assert jids_in(redis, keys.queue("default")) == ["3", "2", "1"]
    assert jids_in(redis, keys.queue("low")) == ["low"]
    assert redis.smembers(keys.queues) == {b"default", b"low"}
    assert redis.zcard(keys.retry) == redis.zcard(keys.schedule) == 0


def test_the_servers_clock_decides_and_tells_when_the_next_one_is_due(due, redis, keys, server_now):
    redis.zadd(keys.retry, {job("now"): server_now, job("later"): server_now + 100})
    redis.zadd(keys.schedule, {job("never"): "inf", job("soon"): server_now + 50})

    promoted = due.promote()

    assert promoted.moved == 1
    assert 40 < promoted.next_due_in_seconds <= 50
    redis.zrem(keys.schedule, job("soon"))
    assert 90 < due.promote().next_due_in_seconds <= 100
    redis.zrem(keys.retry, job("later"))
    assert due.promote().next_due_in_seconds is None


def test_a_promoted_job_is_enqueued_now_and_otherwise_untouched(due, redis, keys, server_now):
    redis.zadd(
        keys.schedule,
        {b'{"class":"Add","args":[1.0e+308,{},[]],"queue":"default","big":123456789012345678}': "-inf"},
    )

    due.promote()

    (payload,) = redis.lrange(keys.queue("default"), 0, -1)
    assert payload.startswith(b'{"class":"Add","args":[1.0e+308,{},[]],"queue":"default","big":123456789012345678')
    assert 0 <= json.loads(payload)["enqueued_at"] - server_now < 10


def test_more_than_the_limit_takes_another_call_at_once(due, redis, keys):
    redis.zadd(keys.retry, {job(str(number)): number for number in range(5)})

    assert due.promote(limit=3, pages=1) == Promoted(3, 0, 0, next_due_in_seconds=0.0)
    assert due.promote(limit=3, pages=1) == Promoted(2, 0, 0, next_due_in_seconds=None)
    assert jids_in(redis, keys.queue("default")) == ["4", "3", "2", "1", "0"]


def test_many_jobs_are_promoted_in_order(due, redis, keys):
    redis.zadd(keys.retry, {job(str(number)): number for number in range(1000)})

    assert due.promote(limit=30, pages=1).moved == 30  # from here on the server knows the scripts
    assert due.promote(limit=30, pages=8) == Promoted(240, 0, 0, next_due_in_seconds=0.0)
    assert due.promote(limit=100).moved == 730
    assert jids_in(redis, keys.queue("default")) == [str(number) for number in reversed(range(1000))]


def test_a_page_that_was_read_ahead_may_have_been_moved_by_another_node_and_none_is_passed_over(
    redis_url, due, redis, keys
):
    redis.zadd(keys.retry, {job(str(number)): number for number in range(10)})
    other = DueJobs(Connection(RedisUrl(redis_url), name="other"), keys)
    page = due._page

    def page_after_another_has_moved_some(key: str, reply: object) -> object:
        other.promote(limit=2, pages=1)
        return page(key, reply)

    due._page = page_after_another_has_moved_some
    while due.promote(limit=3).next_due_in_seconds == 0.0:
        pass

    assert sorted(jids_in(redis, keys.queue("default")), key=int) == [str(number) for number in range(10)]


def test_a_server_that_has_forgotten_its_scripts_is_told_them_anew(due, redis, keys):
    redis.zadd(keys.retry, {job(str(number)): number for number in range(10)})
    page = due._page

    def page_after_a_flush(key: str, reply: object) -> object:
        redis.script_flush()
        return page(key, reply)

    due._page = page_after_a_flush
    while due.promote(limit=3).next_due_in_seconds == 0.0:
        pass

    assert jids_in(redis, keys.queue("default")) == [str(number) for number in reversed(range(10))]


def test_huge_jobs_are_not_all_read_at_once(due, redis, keys):
    redis.zadd(keys.retry, {job(str(number), extra="x" * 200_000): number for number in range(101)})

    assert due.promote(pages=1) == Promoted(50, 0, 0, next_due_in_seconds=0.0)
    assert due.promote(pages=1).moved == 50
    assert due.promote() == Promoted(1, 0, 0, next_due_in_seconds=None)


@pytest.mark.parametrize(
    "member",
    [
        b"",
        b"\xff",
        b"5",
        b"[1,2]",
        b"{",
        b'{"class":"Add","args":[]}',
        b'{"class":"Add","args":[],"queue":null}',
    ],
)
def test_what_is_no_job_or_names_no_queue_goes_to_the_dead_and_holds_up_nothing(due, redis, keys, server_now, member):
    """At the head of the set it stops all of Verk's retries, or sends its poller into a busy loop."""
    redis.zadd(keys.retry, {member: 0, job("good"): 1})

    assert due.promote() == Promoted(moved=1, malformed=1, refused=0, next_due_in_seconds=None)

    (envelope,) = redis.zrange(keys.dead, 0, -1)
    assert bookkeeping.restore(envelope) == member
    reason = json.loads(envelope)["error_message"]
    assert reason == "it names no queue" if b"Add" in member else reason
    assert 0 <= redis.zscore(keys.dead, envelope) - server_now < 10
    assert jids_in(redis, keys.queue("default")) == ["good"]


def test_jobs_whose_queue_is_of_the_wrong_type_stay_and_hold_up_nothing(due, redis, keys):
    redis.set(keys.queue("broken"), "no list")
    redis.zadd(keys.retry, {job(str(number), queue="broken"): number for number in range(7)} | {job("good"): 8})

    for moved, wait in ((1, 0.0), (0, None)):
        promoted = due.promote(limit=3)
        assert (promoted.moved, promoted.malformed, promoted.refused) == (moved, 0, 7)
        assert promoted.next_due_in_seconds == wait
        assert "WRONGTYPE" in str(promoted.refusal)
    assert redis.zcard(keys.retry) == 7


def test_a_page_of_refused_jobs_alone_is_not_the_last_one(due, redis, keys):
    redis.set(keys.queue("broken"), "no list")
    redis.zadd(keys.retry, {job(str(number), queue="broken"): number for number in range(7)} | {job("good"): 8})

    assert due.promote(limit=3, pages=1).moved == 1
    assert jids_in(redis, keys.queue("default")) == ["good"]


@pytest.mark.parametrize(("broken", "sound"), [("retry", "schedule"), ("schedule", "retry")])
def test_a_set_of_the_wrong_type_does_not_hold_up_the_other(due, redis, keys, broken, sound):
    redis.set(f"app:{broken}", "no set")
    redis.zadd(f"app:{sound}", {job("good"): 1})

    with pytest.raises(StoreError, match=f"due app:{broken} failed: WRONGTYPE"):
        due.promote()
    assert jids_in(redis, keys.queue("default")) == ["good"]


def test_two_nodes_share_the_work(due, redis_url, redis, keys):
    other = Connection(RedisUrl(redis_url), name="other")
    redis.zadd(keys.retry, {job("1"): 1})

    assert due.promote().moved + DueJobs(other, keys).promote().moved == 1
    assert redis.llen(keys.queue("default")) == 1
    other.close()


def test_a_full_server_refuses_and_every_job_stays(due, redis, keys, snapshot, full_server):
    redis.zadd(keys.retry, {job("1"): 1})
    redis.zadd(keys.schedule, {job("2"): 1})
    before = snapshot()
    full_server()

    with pytest.raises(StoreError, match="OOM"):
        due.promote()
    assert snapshot() == before


def test_without_a_server_nothing_is_promoted(keys):
    with pytest.raises(StoreUnavailable):
        DueJobs(Connection(RedisUrl("redis://127.0.0.1:1/0"), name="test"), keys).promote()
