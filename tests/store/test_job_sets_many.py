"""What is done to several members of a set at once: to a selection, or to all that fit."""

from __future__ import annotations

import json

import pytest

from verk_actors.errors import DoneInPart, StoreError, StoreUnavailable
from verk_actors.store.job_filter import JobFilter
from verk_actors.store.job_sets import DeadSet, RetrySet
from verk_actors.store.members import Malformed
from verk_actors.wire import bookkeeping
from verk_actors.wire.job import Job

NOW = 1_700_000_000.5
ADD = JobFilter(class_="Add")
BROKEN = [b"no job", b'{"class":"Add","args":[]}']  # the latter names no queue


def job(jid: object, class_: str = "Add", queue: str = "default", **fields: object) -> bytes:
    return json.dumps({"class": class_, "args": [1], "queue": queue, "jid": f"jid{jid}", **fields}).encode()


@pytest.fixture
def retry(connection, keys):
    """Return the retry set, still empty."""
    return RetrySet([connection], keys, lambda: NOW)


@pytest.fixture
def dead(connection, keys):
    """Return the dead set, still empty."""
    return DeadSet([connection], keys, lambda: NOW)


@pytest.fixture
def many(redis, keys, retry):
    """Return the members of a retry set of 1500: two in three are of `Add`, two of all are broken."""
    members = [job(number, "Add" if number % 3 else "Other", f"q{number % 2}") for number in range(1498)] + BROKEN
    redis.zadd(keys.retry, {member: 1.5 + at for at, member in enumerate(members)})
    return members


# Looking


def test_pages_hold_every_member_once_with_its_score_and_the_broken_ones_among_them(retry, many):
    pages = list(retry.pages())

    found = {member.payload: score for page in pages for member, score in page}
    assert found == {member: 1.5 + at for at, member in enumerate(many)}
    assert sum(map(len, pages)) == 1500
    assert sum(isinstance(member, Malformed) for page in pages for member, _ in page) == 1
    assert all(page == sorted(page, key=lambda entry: entry[1]) for page in pages)


def test_pages_of_a_filter_hold_what_fits(retry, many):
    found = [member for page in retry.pages(JobFilter(class_="Add", queue="q1")) for member, _ in page]

    assert len(found) == sum(b'"Add"' in member and b'"q1"' in member for member in many)
    assert {(member.class_, member.queue) for member in found} == {("Add", "q1")}


def test_pages_of_long_payloads_are_short(retry, redis, keys):
    redis.zadd(keys.retry, {job(number, text="x" * 100_000): number for number in range(60)})

    assert max(len(page) for page in retry.pages()) <= 32


# Delete (spec 4.8 cases 133, 144; 4.17 cases 240, 242; 4.20 cases 268-270)


def test_a_selection_is_deleted_and_counted(retry, many):
    assert retry.delete_many([*many[:400], b"not there", *BROKEN]) == 402
    assert retry.delete_many(many[:400]) == 0
    assert retry.delete_many([]) == 0
    assert retry.count() == 1098


def test_all_that_fit_are_deleted_and_no_other(retry, many):
    fitting = sum(b'"Add"' in member for member in many) - 1
    assert retry.delete_all(JobFilter(class_="Add", text="jid")) == fitting
    assert retry.delete_all(JobFilter(text="no job")) == 1
    assert retry.count() == 1500 - fitting - 1


def test_clear_tells_whether_there_was_anything(retry, many):
    # spec 4.8 case 141
    assert retry.clear() is True
    assert retry.clear() is False


# Requeue (spec 4.8 cases 134, 145; 4.17 cases 241, 244)


def test_a_selection_is_requeued_and_each_job_once(retry, redis, keys, many):
    chosen = [*many[:300], many[0], *BROKEN]

    assert retry.requeue_many(chosen) == 300
    assert retry.requeue_many(chosen) == 0

    queued = [json.loads(member) for q in ("q0", "q1") for member in redis.lrange(keys.queue(q), 0, -1)]
    assert sorted(one["jid"] for one in queued) == sorted(f"jid{number}" for number in range(300))
    assert {one["enqueued_at"] for one in queued} == {NOW}
    assert retry.count() == 1200
    assert redis.smembers(keys.queues) == {b"q0", b"q1"}


def test_all_that_fit_are_requeued_and_what_cannot_be_stays(retry, redis, keys, many):
    assert retry.requeue_all(ADD) == sum(b'"Add"' in member for member in many) - 1
    assert retry.requeue_all() == sum(b'"Other"' in member for member in many)

    assert redis.llen(keys.queue("q0")) + redis.llen(keys.queue("q1")) == 1498
    assert {member.payload for member in retry.range()} == set(BROKEN)


def test_an_envelope_is_requeued_as_what_it_holds(dead, redis, keys):
    dead.add(bookkeeping.undecodable(b"\xff{", queue="low", reason="not UTF-8", jid="1", now=NOW), NOW)

    assert dead.requeue_all(JobFilter(class_=bookkeeping.UNDECODABLE)) == 1
    assert redis.lrange(keys.queue("low"), 0, -1) == [b"\xff{"]


def test_one_queue_that_cannot_be_pushed_to_holds_up_no_other(retry, redis, keys, many):
    redis.set(keys.queue("q0"), "no list")

    with pytest.raises(DoneInPart, match="WRONGTYPE") as caught:
        retry.requeue_all()

    assert caught.value.done == redis.llen(keys.queue("q1")) == 749
    assert retry.count() == 751


# Kill


def test_a_selection_is_killed(retry, dead, many):
    assert retry.kill_many([*many[:300], b"not there"]) == 300
    assert retry.kill_many(many[:300]) == 0

    assert {score for _, score in dead.range_with_score()} == {NOW}
    assert {member.payload for member in dead.range()} == set(many[:300])


def test_all_that_fit_are_killed_the_broken_ones_in_an_envelope(retry, dead, many):
    assert retry.kill_all(ADD) == sum(b'"Add"' in member for member in many)
    assert retry.kill_all() == sum(b'"Other"' in member for member in many) + 1

    assert (retry.count(), dead.count()) == (0, 1500)
    [envelope] = [member for page in dead.pages(JobFilter(class_=bookkeeping.UNDECODABLE)) for member, _ in page]
    assert bookkeeping.restore(envelope.payload) == b"no job"


# Trouble


def test_a_server_that_fails_in_the_middle_leaves_a_count_of_what_was_done(retry, many, connection, monkeypatch):
    script = connection.script
    calls = iter(range(9))

    def breaks_down(*args: object) -> object:
        if next(calls) == 2:
            raise StoreUnavailable("move", "app:retry", "gone", sent=True)
        return script(*args)

    monkeypatch.setattr(connection, "script", breaks_down)
    with pytest.raises(DoneInPart) as caught:
        retry.requeue_many(many)

    assert caught.value.done == 500 == 1500 - retry.count()
    assert caught.value.__cause__.sent
    assert str(caught.value).startswith("it was done to 500 jobs, and not to all: move app:retry failed")


def test_a_full_server_refuses_all_and_nothing_was_done(retry, snapshot, full_server, many):
    before = snapshot()
    full_server()

    with pytest.raises(StoreError, match="OOM") as caught:
        retry.kill_all()
    assert not isinstance(caught.value, DoneInPart)
    assert snapshot() == before


def test_a_job_that_was_not_read_from_redis_cannot_be_named(retry):
    with pytest.raises(ValueError, match="read from Redis"):
        retry.delete_many([Job(class_="Add", args=[])])
