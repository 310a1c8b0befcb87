from __future__ import annotations

import json

import pytest

from verk_actors.errors import StoreError, StoreUnavailable
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.store.connection import Connection
from verk_actors.store.members import Malformed
from verk_actors.store.queue import Queue, parts_of, queue_names


def job(jid: str) -> bytes:
    return json.dumps({"class": "Add", "args": [1], "jid": jid}).encode()


@pytest.fixture
def queue(connection, keys):
    """Return the queue `default`, still empty."""
    return Queue(connection, keys, "default")


def test_jobs_run_in_the_order_in_which_they_are_pushed(queue, redis, keys):
    assert queue.push(b"1") == 1
    assert queue.push(b"2", b"3") == 3

    assert redis.lrange(keys.queue("default"), 0, -1) == [b"3", b"2", b"1"]
    assert queue.count() == 3


@pytest.mark.parametrize("there", [(), (b"0",)], ids=["empty", "with a job"])
def test_a_queue_that_is_said_to_have_jobs_is_pushed_to_and_known_even_if_it_is_empty(queue, redis, keys, there):
    queue.push(*there)

    assert queue.push(*[b"%d" % number for number in range(1, 1501)], has_jobs=True) == 1500 + len(there)
    assert redis.lrange(keys.queue("default"), 0, -1)[::-1] == [*there, *[b"%d" % at for at in range(1, 1501)]]
    assert redis.smembers(keys.queues) == {b"default"}


@pytest.mark.parametrize("has_jobs", [False, True])
def test_a_push_of_nothing_tells_how_many_jobs_there_are(queue, has_jobs):
    assert queue.push(has_jobs=has_jobs) == 0
    queue.push(b"1", b"2")
    assert queue.push(has_jobs=has_jobs) == 2


def test_a_queue_is_known_once_it_has_jobs(queue, connection, keys):
    assert queue_names(connection, keys) == []

    queue.push()
    assert queue_names(connection, keys) == []
    queue.push(job("1"))
    Queue(connection, keys, "a").push(job("2"))

    assert queue_names(connection, keys) == ["a", "default"]


def test_any_number_of_jobs_is_pushed_in_order(queue, redis, keys):
    payloads = [b"%d" % number for number in range(2500)]

    assert queue.push(*payloads) == 2500
    assert redis.lrange(keys.queue("default"), 0, -1) == payloads[::-1]


def test_a_push_goes_in_parts_of_at_most_1000_payloads_and_1_mib():
    def lengths(*payloads: bytes) -> list[int]:
        return [len(part) for part in parts_of(payloads)]

    small, long, longer = b"x", b"x" * 600_000, b"x" * (2 << 20)
    assert lengths() == []
    assert lengths(*[small] * 2001) == [1000, 1000, 1]
    assert lengths(long, small, long, small) == [2, 2]
    assert lengths(longer, small, longer) == [1, 1, 1]


@pytest.mark.parametrize("payload", [b"", b"\x00\xff\r\n", b"x" * (2 << 20)], ids=["empty", "binary", "huge"])
def test_any_bytes_are_pushed_untouched(queue, redis, keys, payload):
    queue.push(payload, payload)

    assert redis.lrange(keys.queue("default"), 0, -1) == [payload, payload]


def test_what_is_listed_are_jobs_and_bytes_that_are_none(queue):
    queue.push(job("1"), b"5", job("3"))

    newest, malformed, oldest = queue.range()

    assert (newest.jid, oldest.jid, oldest.queue, oldest.payload) == ("3", "1", "default", job("1"))
    assert malformed == Malformed(b"5", "not a JSON object")
    assert [member.jid for member in queue.range(-1, -1)] == ["1"]
    assert queue.range(7, 9) == []


@pytest.mark.parametrize("jid", ["0", "999", "1000", "1001", "2499"])
def test_a_job_is_found_by_its_id_wherever_it_waits(queue, jid):
    queue.push(b"no job", *(job(str(number)) for number in range(2500)))

    assert queue.find(jid).payload == job(jid)


def test_a_job_that_is_not_there_is_not_found(queue):
    assert queue.find("1") is None
    queue.push(b"no job", job("1"))
    assert queue.find("2") is None


def test_one_job_is_deleted_by_its_bytes(queue):
    queue.push(job("1"), job("1"), b"no job")
    malformed, found, _ = queue.range()

    assert queue.delete(found) is True
    assert queue.delete(malformed) is True
    assert queue.delete(b"no job") is False
    assert [member.jid for member in queue.range()] == ["1"]


def test_a_cleared_queue_is_empty_and_no_longer_known(queue, connection, keys):
    queue.push(job("1"))
    Queue(connection, keys, "low").push(job("2"))

    queue.clear()
    queue.clear()

    assert queue.count() == 0
    assert queue_names(connection, keys) == ["low"]


def test_a_plain_push_to_a_key_of_the_wrong_type_has_done_nothing(queue, redis, snapshot):
    redis.set("app:queue:default", "something")
    before = snapshot()

    with pytest.raises(StoreError, match="LPUSHX app:queue:default failed: WRONGTYPE"):
        queue.push(job("1"), has_jobs=True)
    assert snapshot() == before


@pytest.mark.parametrize("name", ["queue:default", "queues"])
def test_a_push_to_a_key_of_the_wrong_type_has_done_nothing(queue, redis, snapshot, name):
    redis.set(f"app:{name}", "something")
    before = snapshot()

    with pytest.raises(StoreError, match="enqueue app:queue:default failed: WRONGTYPE"):
        queue.push(job("1"))
    assert snapshot() == before


def test_a_full_server_refuses_a_push_that_then_has_done_nothing(queue, snapshot, full_server):
    full_server()

    with pytest.raises(StoreError, match="OOM") as caught:
        queue.push(job("1"))
    assert not isinstance(caught.value, StoreUnavailable)
    assert snapshot() == {}


def test_a_name_that_is_no_text_is_shown_escaped(connection, redis, keys):
    redis.sadd(keys.queues, b"\xff", "a b")

    assert queue_names(connection, keys) == ["\\xff", "a b"]


def test_a_queue_of_another_namespace_is_another_queue(queue, redis):
    queue.push(job("1"))

    assert set(redis.keys()) == {b"app:queue:default", b"app:queues"}


def test_a_push_without_a_server_was_never_sent(keys):
    with pytest.raises(StoreUnavailable) as caught:
        Queue(Connection(RedisUrl("redis://127.0.0.1:1/0"), name="test"), keys, "default").push(b"1")
    assert not caught.value.sent


def test_a_queue_is_cleared_of_its_jobs_that_wait_for_limits_too(connection, keys, redis):
    ours, theirs = (f'{{"class":"C","args":[],"jid":"1","queue":"{queue}"}}'.encode() for queue in ("q", "r"))
    redis.zadd(keys.limited, {"one": 1})
    redis.zadd(keys.waiting("one"), {ours: 1, theirs: 2})

    Queue(connection, keys, "q").clear()

    assert redis.zrange(keys.waiting("one"), 0, -1) == [theirs]
