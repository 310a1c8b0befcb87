"""A unique job that is removed or killed by hand lets the next one in."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from verk_actors.store.job_filter import ALL_JOBS
from verk_actors.store.job_sets import RetrySet
from verk_actors.store.queue import Queue


def unique(jid: str, **fields: object) -> bytes:
    return json.dumps(
        {"class": "Add", "args": [], "queue": "default", "jid": jid, "unique_for": 60.0, "unique_token": jid, **fields}
    ).encode()


JOBS = [unique("a"), unique("b"), unique("until", unique_until="expiry"), b'{"class":"Add","args":[],"jid":"plain"}']


@pytest.fixture
def retry(connection, redis, keys):
    """Return a retry set with four jobs, of which three are unique and have their locks."""
    redis.zadd(keys.retry, {job: at for at, job in enumerate(JOBS)})
    for token in ("a", "b", "until"):
        redis.set(keys.unique(token), token)
    return RetrySet([connection], keys, lambda: 1e9)


@pytest.mark.parametrize(
    "remove",
    [
        lambda retry: retry.delete_many(JOBS),
        lambda retry: retry.delete_all(ALL_JOBS),
        lambda retry: retry.kill_many(JOBS),
        lambda retry: retry.kill_all(),
    ],
    ids=["delete_many", "delete_all", "kill_many", "kill_all"],
)
def test_their_locks_are_released_but_for_those_that_expire_by_themselves(
    retry, redis, keys, remove: Callable[[RetrySet], int]
):
    # spec 4.17 case 240
    assert remove(retry) == 4
    assert retry.count() == 0
    assert redis.keys("app:unique:*") == [keys.unique("until").encode()]


def test_a_job_that_was_not_here_keeps_its_lock_and_so_does_another_that_has_it_by_now(retry, redis, keys):
    redis.zrem(keys.retry, JOBS[0])
    redis.set(keys.unique("b"), "another")

    assert retry.delete_many(JOBS[:2]) == 1
    assert redis.mget(keys.unique("a"), keys.unique("b")) == [b"a", b"another"]


def test_one_that_is_requeued_keeps_its_lock_and_one_that_is_deleted_from_its_queue_does_not(
    retry, connection, redis, keys
):
    assert retry.requeue_many(JOBS[:1]) == 1
    assert redis.exists(keys.unique("a"))

    queue = Queue(connection, keys, "default")
    assert queue.delete_many(queue.range()) == 1
    assert not redis.exists(keys.unique("a"))
