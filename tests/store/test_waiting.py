from __future__ import annotations

import select
from collections.abc import Iterator

import pytest
from support.eventually import eventually

from verk_actors.config import RedisUrl
from verk_actors.errors import StoreError, StoreUnavailable
from verk_actors.store.connection import Connection
from verk_actors.store.waiting import Waiter, unblock

QUEUE = "queue:default"


@pytest.fixture
def waiting_connection(redis_url: str) -> Iterator[Connection]:
    """Return the connection that waits."""
    connection = Connection(RedisUrl(redis_url), name="waiter")
    yield connection
    connection.close()


@pytest.fixture
def waiter(waiting_connection: Connection) -> Waiter:
    """Return a waiter that doesn't wait yet."""
    return Waiter(waiting_connection)


def until_blocked(redis, clients: int = 1) -> None:
    while redis.info("clients")["blocked_clients"] != clients:
        pass


def test_a_wait_for_a_queue_that_has_jobs_ends_at_once_and_leaves_them_in_order(waiter, redis):
    redis.rpush(QUEUE, "1", "2", "3")

    waiter.begin(QUEUE, 2)

    assert waiter.finish() is True
    assert redis.lrange(QUEUE, 0, -1) == [b"1", b"2", b"3"]


def test_a_push_ends_the_wait_and_the_job_stays_in_the_queue(waiter, redis):
    waiter.begin(QUEUE, 2)
    assert waiter.waiting
    assert select.select([waiter], [], [], 0)[0] == []
    redis.lpush(QUEUE, "job", "job 2")

    assert select.select([waiter], [], [], 2)[0] == [waiter]
    assert waiter.finish() is True
    assert not waiter.waiting
    assert redis.lrange(QUEUE, 0, -1) == [b"job 2", b"job"]


def test_one_push_wakes_all_who_wait(redis_url, redis):
    waiters = [Waiter(Connection(RedisUrl(redis_url), name="waiter")) for _ in range(5)]
    for waiter in waiters:
        waiter.begin(QUEUE, 2)
    until_blocked(redis, 5)
    redis.lpush(QUEUE, "job")

    assert [waiter.finish() for waiter in waiters] == [True] * 5
    assert redis.lrange(QUEUE, 0, -1) == [b"job"]
    for waiter in waiters:
        waiter._connection.close()


def test_a_wait_ends_with_its_time(waiter, redis):
    waiter.begin(QUEUE, 0.01)

    assert waiter.finish() is False
    assert redis.exists(QUEUE) == 0


def test_a_wait_can_be_ended_from_another_connection(waiter, waiting_connection, connection, redis):
    waiter.begin(QUEUE, 2)
    until_blocked(redis)

    assert unblock(connection, waiter.client_id) is True
    assert waiter.finish() is False
    assert unblock(connection, waiter.client_id) is False
    assert waiting_connection.client_id() == waiter.client_id


def test_an_unblock_that_came_too_early_is_repeated_until_the_wait_has_ended(waiter, connection):
    unblocked = []
    waiter.begin(QUEUE, 2)

    waiter.end_by(lambda: unblocked.append(len(unblocked) > 1 and unblock(connection, waiter.client_id)))

    assert waiter.finish() is False
    assert unblocked == [False, False, True]


def test_an_abandoned_wait_is_over_at_once(waiter, waiting_connection, redis):
    waiter.abandon()
    waiter.begin(QUEUE, 2)
    until_blocked(redis)

    waiter.abandon()

    assert not waiter.waiting
    assert not waiting_connection.connected
    until_blocked(redis, 0)


def test_a_wait_that_loses_its_connection_is_over(waiter, redis):
    waiter.begin(QUEUE, 2)
    lost = waiter.client_id
    redis.client_kill_filter(_id=lost)

    with pytest.raises(StoreUnavailable):
        waiter.finish()
    assert not waiter.waiting
    redis.lpush(QUEUE, "job")
    waiter.begin(QUEUE, 2)
    assert waiter.client_id != lost
    assert waiter.finish() is True


def test_a_wait_that_nobody_may_unblock_is_given_up_with_its_connection(waiter, waiting_connection, redis, monkeypatch):
    monkeypatch.setattr("verk_actors.store.waiting._UNBLOCK_SECONDS", 0.1)
    waiter.begin(QUEUE, 4)

    with pytest.raises(StoreUnavailable, match="could not be ended"):
        waiter.end_by(lambda: None)

    assert not waiter.waiting
    assert not waiting_connection.connected
    eventually(lambda: redis.info("clients")["blocked_clients"] == 0, "end of the wait in Redis")


def test_a_wait_for_a_key_that_is_no_queue_is_refused(waiter, waiting_connection, redis):
    redis.set(QUEUE, "no list")
    waiter.begin(QUEUE, 2)

    with pytest.raises(StoreError, match="BLMOVE queue:default failed: WRONGTYPE"):
        waiter.finish()
    assert not waiter.waiting
    assert waiting_connection.connected


def test_a_full_server_refuses_a_wait(waiter, full_server):
    full_server()
    waiter.begin(QUEUE, 2)

    with pytest.raises(StoreError, match="OOM"):
        waiter.finish()


@pytest.mark.parametrize("seconds", [0, -1, 5, 60])
def test_a_wait_has_an_end_and_the_connection_is_more_patient(waiter, seconds):
    with pytest.raises(ValueError, match="longer socket timeout"):
        waiter.begin(QUEUE, seconds)
    assert not waiter.waiting


def test_a_waiter_does_one_wait_at_a_time(waiter, redis):
    with pytest.raises(ValueError, match="no wait has begun"):
        waiter.finish()
    waiter.begin(QUEUE, 0.01)
    with pytest.raises(ValueError, match="has not finished"):
        waiter.begin(QUEUE, 0.01)
    assert waiter.finish() is False


def test_a_wait_cannot_begin_without_a_server():
    waiter = Waiter(Connection(RedisUrl("redis://127.0.0.1:1/0"), name="waiter"))

    with pytest.raises(StoreUnavailable) as caught:
        waiter.begin(QUEUE, 2)
    assert not caught.value.sent
    assert not waiter.waiting
