"""Something is done to all that fit, a bounded step at a time."""

from __future__ import annotations

import json

import pytest

from verk_actors.errors import DoneInPart, StoreError
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.store import set_steps
from verk_actors.store.connection import Connection
from verk_actors.store.job_filter import ALL_JOBS, JobFilter
from verk_actors.store.job_sets import DeadSet, RetrySet

NOW = 1_700_000_000.5
ADD = JobFilter(class_="Add")
NO_QUEUE = b'{"class":"Add","args":[]}'


def job(jid: object, class_: str = "Add", queue: str = "q0", **fields: object) -> bytes:
    return json.dumps({"class": class_, "args": [1], "queue": queue, "jid": f"jid{jid}", **fields}).encode()


@pytest.fixture
def retry(connection, keys):
    """Return the retry set, still empty."""
    return RetrySet([connection], keys, lambda: NOW)


@pytest.fixture
def many(redis, keys):
    """Return the members of a retry set of 1500, all of the same time but the last: two in three are of `Add`."""
    members = [job(number, "Add" if number % 3 else "Other", f"q{number % 2}") for number in range(1498)]
    members += [b"no job", NO_QUEUE]
    redis.zadd(keys.retry, dict.fromkeys(members, NOW) | {NO_QUEUE: NOW + 1})
    return members


def done_in_steps(step, where: JobFilter) -> list[set_steps.SetStep]:
    """Do something to all that fit; returns the steps."""
    steps = [step(where)]
    while steps[-1].cursor is not None:
        assert len(steps) < 50
        steps.append(step(where, steps[-1].cursor))
    return steps


@pytest.fixture
def _short(monkeypatch):
    """Have a step look at 400 members at most."""
    monkeypatch.setattr(set_steps, "MOST_PASSED", 400)


@pytest.mark.usefixtures("_short")
@pytest.mark.parametrize("name", ["delete_step", "requeue_step", "kill_step"])
def test_what_fits_is_done_in_steps_and_what_does_not_fit_stays(retry, redis, keys, many, name):
    steps = done_in_steps(getattr(retry, name), JobFilter(class_="Add", queue="q1"))

    fitting = sum(b'"Add"' in member and b'"q1"' in member for member in many)
    assert sum(one.done for one in steps) == fitting
    assert [one.passed for one in steps][-1] == 1500
    assert [one.total for one in steps] == [1500] * len(steps) == [1500] * 4
    assert retry.count() == 1500 - fitting
    assert (redis.llen(keys.queue("q1")), redis.zcard(keys.dead)) == {
        "delete_step": (0, 0),
        "requeue_step": (fitting, 0),
        "kill_step": (0, fitting),
    }[name]


@pytest.mark.usefixtures("_short")
def test_what_cannot_be_moved_stays_and_is_passed(retry, many):
    steps = done_in_steps(retry.requeue_step, ALL_JOBS)

    assert sum(one.done for one in steps) == 1498
    assert {member.payload for member in retry.range()} == {b"no job", NO_QUEUE}


@pytest.mark.usefixtures("_short")
def test_one_queue_that_cannot_be_pushed_to_holds_up_no_other(retry, redis, keys, many):
    redis.set(keys.queue("q0"), "no list")

    steps = done_in_steps(retry.requeue_step, ALL_JOBS)

    assert all("WRONGTYPE" in str(one.refusal) for one in steps[:-1])
    assert sum(one.done for one in steps) == redis.llen(keys.queue("q1")) == 749
    assert (retry.count(), steps[-1].cursor) == (751, None)


def test_a_step_does_a_bounded_number(retry, redis, keys):
    redis.zadd(keys.retry, {job(number): number for number in range(3000)})

    steps = done_in_steps(retry.kill_step, ALL_JOBS)

    assert [one.done for one in steps] == [2240, 760]


@pytest.mark.usefixtures("_short")
def test_jobs_that_come_meanwhile_keep_no_step_from_being_the_last(retry, redis, keys, many):
    first = retry.requeue_step(ALL_JOBS)
    redis.zadd(keys.retry, {job(f"new{number}"): NOW + 2 for number in range(1000)})

    steps = done_in_steps(lambda where, cursor=first.cursor: retry.requeue_step(where, cursor), ALL_JOBS)

    assert first.done + sum(one.done for one in steps) == 1498
    assert retry.count() == 2 + 1000


def test_a_full_server_refuses_all_and_a_later_step_in_part(retry, redis, full_server, many, monkeypatch):
    full_server()
    with pytest.raises(StoreError, match="OOM") as caught:
        retry.kill_step(ALL_JOBS)
    assert not isinstance(caught.value, DoneInPart)
    redis.config_set("maxmemory", "0")

    calls, kill = iter(range(9)), retry._kill_on

    def fills_up(server, payloads):
        if next(calls) == 2:
            full_server()
        return kill(server, payloads)

    monkeypatch.setattr(retry, "_kill_on", fills_up)
    with pytest.raises(DoneInPart) as caught:
        retry.kill_step(ALL_JOBS)
    assert caught.value.done == 1500 - retry.count() > 0


def test_all_servers_are_swept_one_after_the_other(connection, redis_url, redis, keys, monkeypatch):
    monkeypatch.setattr(set_steps, "MOST_PASSED", 7)
    other = Connection(RedisUrl(redis_url.replace("db=0", "db=1")), name="test")
    jobs = DeadSet([connection, other], keys, lambda: NOW)
    for number in range(20):
        (connection, other)[number % 2].call("ZADD", keys.dead, number, job(number))

    assert sum(one.done for one in done_in_steps(jobs.delete_step, ALL_JOBS)) == 20
    assert jobs.count() == 0
    other.close()


def test_a_unique_job_that_is_deleted_lets_the_next_one_in(retry, redis, keys):
    redis.set(keys.unique("once"), "jid1")
    retry.add(job(1, unique_for=60, unique_token="once", unlocks_at=NOW + 60), NOW)

    assert retry.delete_step(ALL_JOBS).done == 1
    assert redis.exists(keys.unique("once")) == 0
