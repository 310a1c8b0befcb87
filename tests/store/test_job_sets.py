from __future__ import annotations

import json

import pytest

from verk_actors.errors import MalformedJob, StoreError
from verk_actors.store.job_sets import DeadSet, RetrySet, ScheduleSet
from verk_actors.store.members import Malformed
from verk_actors.wire import bookkeeping

NOW = 1_700_000_000.5
SETS = pytest.mark.parametrize("set_class", [RetrySet, ScheduleSet, DeadSet])


def job(jid: str, **fields: object) -> bytes:
    return json.dumps({"class": "Add", "args": [1], "queue": "default", "jid": jid, **fields}).encode()


@pytest.fixture
def retry(connection, keys):
    """Return the retry set, still empty."""
    return RetrySet([connection], keys, lambda: NOW)


@pytest.fixture
def dead(connection, keys):
    """Return the dead set, still empty."""
    return DeadSet([connection], keys, lambda: NOW)


@SETS
def test_each_set_has_a_key_of_its_own(connection, redis, keys, set_class):
    set_class([connection], keys, lambda: NOW).add(b"job", NOW)

    assert redis.keys() == [f"app:{set_class.__name__.removesuffix('Set').lower()}".encode()]


@SETS
def test_jobs_are_listed_by_their_time_with_what_is_no_job_among_them(connection, keys, set_class):
    jobs = set_class([connection], keys, lambda: NOW)
    jobs.add(job("2"), NOW + 1)
    jobs.add(job("1"), NOW)
    jobs.add(b"\xff", float("inf"))

    (first, first_score), (second, _), (third, third_score) = jobs.range_with_score()

    assert (first.jid, first_score, second.jid) == ("1", NOW, "2")
    assert isinstance(third, Malformed)
    assert (third.payload, third_score) == (b"\xff", float("inf"))
    assert jobs.count() == 3
    assert [member.jid for member in jobs.range(0, 1)] == ["1", "2"]
    assert jobs.range(5, 9) == []


def test_an_empty_set_has_nothing(retry):
    assert (retry.count(), retry.range(), retry.find("1"), retry.delete(b"1")) == (0, [], None, False)
    retry.clear()


def test_adding_a_job_again_changes_its_time(retry):
    retry.add(job("1"), 1)
    retry.add(job("1"), 2)

    assert [score for _, score in retry.range_with_score()] == [2]


@pytest.mark.parametrize("jid", ["1", "1999", "b*[a]?\\", 'quoted"', "größe"])
def test_a_job_is_found_by_its_id_whatever_the_id(retry, redis, keys, jid):
    redis.zadd(keys.retry, {job(str(number)): number for number in range(2000)} | {b"1 no job": 1, job(jid): 5})

    assert retry.find(jid).payload == job(jid)
    assert retry.find("2000") is None
    assert retry.find("*") is None


def test_a_job_that_only_mentions_the_id_is_not_found(retry):
    retry.add(job("other", args=["wanted"]), 1)

    assert retry.find("wanted") is None


@SETS
def test_a_job_is_deleted_by_its_bytes(connection, keys, set_class):
    jobs = set_class([connection], keys, lambda: NOW)
    jobs.add(job("1"), 1)
    jobs.add(b"no job", 2)

    assert [jobs.delete(member) for member in jobs.range()] == [True, True]
    assert jobs.delete(job("1")) is False


@SETS
def test_a_cleared_set_is_empty(connection, keys, set_class):
    jobs = set_class([connection], keys, lambda: NOW)
    jobs.add(job("1"), 1)

    jobs.clear()

    assert jobs.count() == 0


# Requeue


@SETS
def test_a_requeued_job_goes_to_its_queue_with_its_arguments_untouched(connection, redis, keys, set_class):
    payload = b'{"class":"Add","args":[1.0e+308,{},[]],"queue":"low","enqueued_at":1.5}'
    jobs = set_class([connection], keys, lambda: NOW)
    jobs.add(payload, NOW)

    assert jobs.requeue(jobs.range()[0]) is True

    assert redis.lrange(keys.queue("low"), 0, -1) == [payload.replace(b"1.5", b"1700000000.5")]
    assert redis.smembers(keys.queues) == {b"low"}
    assert jobs.count() == 0


def test_a_job_that_is_gone_is_not_requeued(retry, redis, keys):
    assert retry.requeue(job("1")) is False
    assert redis.keys() == []


def test_requeueing_what_was_in_an_envelope_gives_back_its_exact_bytes(dead, redis, keys):
    dead.add(bookkeeping.undecodable(b"\xff{", queue="low", reason="not UTF-8", jid="1", now=NOW), NOW)

    assert dead.requeue(dead.range()[0]) is True

    assert redis.lrange(keys.queue("low"), 0, -1) == [b"\xff{"]


@pytest.mark.parametrize("payload", [b"no job", b'{"class":"Add","args":[]}'], ids=["no job", "no queue"])
def test_what_is_no_job_or_names_no_queue_cannot_be_requeued_and_stays(retry, payload):
    retry.add(payload, NOW)

    with pytest.raises(MalformedJob):
        retry.requeue(payload)
    assert retry.count() == 1


def test_a_job_whose_queue_is_of_the_wrong_type_cannot_be_requeued_and_stays(retry, redis, keys):
    redis.set(keys.queue("default"), "no list")
    retry.add(job("1"), NOW)

    with pytest.raises(StoreError, match="WRONGTYPE"):
        retry.requeue(job("1"))
    assert retry.count() == 1


# Kill


@pytest.mark.parametrize("set_class", [RetrySet, ScheduleSet])
def test_a_killed_job_is_dead_from_now_on(connection, keys, dead, set_class):
    jobs = set_class([connection], keys, lambda: NOW)
    jobs.add(job("1"), 1)

    assert jobs.kill(jobs.range()[0]) is True
    assert jobs.kill(job("1")) is False

    assert [(member.payload, score) for member, score in dead.range_with_score()] == [(job("1"), NOW)]
    assert jobs.count() == 0


def test_what_is_no_job_is_killed_in_an_envelope(retry, dead):
    retry.add(b"no job", 1)

    assert retry.kill(b"no job") is True

    (envelope,) = dead.range()
    assert envelope.class_ == bookkeeping.UNDECODABLE
    assert bookkeeping.restore(envelope.payload) == b"no job"


def test_a_full_server_refuses_a_kill_that_then_has_done_nothing(retry, snapshot, full_server):
    retry.add(job("1"), 1)
    before = snapshot()
    full_server()

    with pytest.raises(StoreError, match="OOM"):
        retry.kill(job("1"))
    assert snapshot() == before
