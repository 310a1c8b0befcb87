"""A set is looked through a bounded part at a time: in order, and each member once."""

from __future__ import annotations

import json
import math

import pytest

from verk_actors.settings.redis_url import RedisUrl
from verk_actors.store import set_walk
from verk_actors.store.connection import Connection
from verk_actors.store.job_filter import ALL_JOBS, JobFilter
from verk_actors.store.job_sets import RetrySet
from verk_actors.store.set_walk import InvalidCursor

NOW = 1_700_000_000.5
ADD = JobFilter(class_="Add")


def job(jid: object, class_: str = "Add", **fields: object) -> bytes:
    return json.dumps({"class": class_, "args": [1], "queue": "low", "jid": f"jid{jid:>04}", **fields}).encode()


@pytest.fixture
def retry(connection, keys):
    """Return the retry set, still empty."""
    return RetrySet([connection], keys, lambda: NOW)


@pytest.fixture
def many(redis, keys):
    """Return the members of a retry set of 1500, in order: each three have the same time, one of them is of `Other`."""
    members = [job(number, "Add" if number % 3 else "Other") for number in range(1500)]
    redis.zadd(keys.retry, {member: NOW + at // 3 for at, member in enumerate(members)})
    return sorted(members, key=lambda member: (members.index(member) // 3, member))


def walked(jobs: RetrySet, where: JobFilter = ALL_JOBS, **options: object) -> tuple[list[bytes], list[tuple[int, int]]]:
    """Walk through a set; returns what was found, and how far each part was."""
    cursor, found, progress = None, [], []
    while True:
        part = jobs.scan(where, cursor, **options)
        found += [member.payload for member, _ in part.members]
        progress.append((part.passed, part.total))
        if part.cursor is None:
            return found, progress
        cursor = part.cursor


@pytest.mark.parametrize("limit", [1, 7, 1500])
@pytest.mark.parametrize("latest_first", [False, True])
def test_a_walk_in_parts_finds_all_that_fit_in_their_order_and_each_once(retry, many, limit, latest_first):
    found, progress = walked(retry, ADD, limit=limit, latest_first=latest_first)

    in_order = many[::-1] if latest_first else many
    assert found == [member for member in in_order if b'"Add"' in member]
    assert progress == sorted(progress)
    assert progress[-1] == (1500, 1500)


def test_a_part_looks_at_a_bounded_number_and_says_how_far_it_is(retry, many):
    part = retry.scan(JobFilter(text="nowhere"), most=400)

    assert (part.members, part.passed, part.total) == ([], 400, 1500)
    assert len(walked(retry, JobFilter(text="nowhere"), most=400)[1]) == 4


def test_a_part_of_long_payloads_ends_sooner(retry, redis, keys, monkeypatch):
    monkeypatch.setattr(set_walk, "MOST_BYTES", 300_000)
    redis.zadd(keys.retry, {job(number, text="x" * 50_000): number for number in range(20)})

    assert retry.scan(JobFilter(class_="Other")).passed == 6


def test_an_empty_set_is_at_its_end(retry):
    part = retry.scan()

    assert (part.members, part.cursor, part.passed, part.total) == ([], None, 0, 0)


def test_what_comes_and_goes_meanwhile_shifts_nothing(retry, many, redis, keys):
    part = retry.scan(limit=300)
    redis.zrem(keys.retry, *many[:100])
    redis.zadd(keys.retry, {job("early"): 1.0})

    rest, _ = walked_from(retry, part.cursor)

    assert rest == many[300:]


def walked_from(jobs: RetrySet, cursor: str | None) -> tuple[list[bytes], None]:
    part = jobs.scan(cursor=cursor, limit=10_000)
    return [member.payload for member, _ in part.members], part.cursor


def test_infinite_times_and_what_is_no_job_are_passed_as_others_are(retry, redis, keys):
    redis.zadd(keys.retry, {b"no job": math.inf, job(1): 1e17, job(2): -math.inf, job(3): 0.1})

    found, _ = walked(retry, limit=1)

    assert found == [job(2), job(3), job(1), b"no job"]


def test_a_set_in_parts_on_several_servers_is_walked_in_one_order(connection, redis_url, redis, keys):
    other = Connection(RedisUrl(redis_url.replace("db=0", "db=1")), name="test")
    jobs = RetrySet([connection, other], keys, lambda: NOW)
    for number in range(20):
        (connection, other)[number % 3 == 0].call("ZADD", keys.retry, NOW + number // 2, job(number))

    for latest_first in (False, True):
        found, progress = walked(jobs, limit=3, latest_first=latest_first)
        times = [json.loads(payload)["jid"] for payload in found]
        assert sorted(times) == [f"jid{number:>04}" for number in range(20)]
        pairs = [int(jid[3:]) // 2 for jid in times]
        assert pairs == sorted(pairs, reverse=latest_first)
        assert progress[-1] == (20, 20)
    with pytest.raises(InvalidCursor):
        jobs.scan(cursor="1/2:1.5~1")
    other.close()


@pytest.mark.parametrize(
    "text", ["", "x", "1", "1/2", "1/2:", "1/2:x~1", "1/2:1.5~x", "1/2:nan~1", "-1/2:1~1", "1/2:1~1,1~1", "²/2:1~1"]
)
def test_a_text_that_is_no_cursor_is_refused(retry, text):
    with pytest.raises(InvalidCursor, match="is no cursor of this set"):
        retry.scan(cursor=text)
    with pytest.raises(InvalidCursor):
        retry.delete_step(ALL_JOBS, text)
