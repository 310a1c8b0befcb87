from __future__ import annotations

import select
from collections.abc import Iterator

import pytest
from support.eventually import eventually

from verk_actors.errors import StoreError, StoreUnavailable
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.store.connection import Connection
from verk_actors.store.exchange import InProgress
from verk_actors.store.nodes import Nodes
from verk_actors.store.scripts import TAKE
from verk_actors.store.waiting import Waiter, unblock
from verk_actors.wire.keys import Keys

QUEUE = "queue:default"
LONG = 20.0  # seconds that only a hang takes


@pytest.fixture
def waiting_connection(redis_url: str) -> Iterator[Connection]:
    """Return the connection that waits."""
    connection = Connection(RedisUrl(redis_url), name="waiter", socket_timeout_seconds=1.5 * LONG)
    yield connection
    connection.close()


@pytest.fixture
def waiter(waiting_connection: Connection) -> Waiter:
    """Return a waiter that doesn't wait yet."""
    return Waiter(waiting_connection)


def until_blocked(redis, clients: int = 1) -> None:
    eventually(lambda: redis.info("clients")["blocked_clients"] == clients, f"{clients} that wait")


def test_a_wait_for_a_queue_that_has_jobs_ends_at_once_and_leaves_them_in_order(waiter, redis):
    redis.rpush(QUEUE, "1", "2", "3")

    waiter.begin(QUEUE, LONG)

    assert waiter.finish() is True
    assert redis.lrange(QUEUE, 0, -1) == [b"1", b"2", b"3"]


def test_a_push_ends_the_wait_and_the_job_stays_in_the_queue(waiter, redis):
    waiter.begin(QUEUE, LONG)
    assert waiter.waiting
    assert select.select([waiter], [], [], 0)[0] == []
    redis.lpush(QUEUE, "job", "job 2")

    assert select.select([waiter], [], [], LONG)[0] == [waiter]
    assert waiter.finish() is True
    assert not waiter.waiting
    assert redis.lrange(QUEUE, 0, -1) == [b"job 2", b"job"]


def test_one_push_wakes_all_who_wait(redis_url, redis):
    waiters = [
        Waiter(Connection(RedisUrl(redis_url), name="waiter", socket_timeout_seconds=1.5 * LONG)) for _ in range(5)
    ]
    for waiter in waiters:
        waiter.begin(QUEUE, LONG)
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
    waiter.begin(QUEUE, LONG)
    until_blocked(redis)

    assert unblock(connection, waiter.client_id) is True
    assert waiter.finish() is False
    assert unblock(connection, waiter.client_id) is False
    assert waiting_connection.client_id() == waiter.client_id


def test_an_unblock_that_came_too_early_is_repeated_until_the_wait_has_ended(waiter, connection):
    unblocked = []
    waiter.begin(QUEUE, LONG)

    waiter.end_by(lambda: unblocked.append(len(unblocked) > 1 and unblock(connection, waiter.client_id)))

    assert waiter.finish() is False
    assert unblocked[:3] == [False, False, True]  # and once more, where Redis takes its time to tell of the end


def test_an_abandoned_wait_is_over_at_once(waiter, waiting_connection, redis):
    waiter.abandon()
    waiter.begin(QUEUE, LONG)
    until_blocked(redis)

    waiter.abandon()

    assert not waiter.waiting
    assert not waiting_connection.connected
    until_blocked(redis, 0)


def test_a_wait_that_loses_its_connection_is_over(waiter, redis):
    waiter.begin(QUEUE, LONG)
    lost = waiter.client_id
    redis.client_kill_filter(_id=lost)

    with pytest.raises(StoreUnavailable):
        waiter.finish()
    assert not waiter.waiting
    redis.lpush(QUEUE, "job")
    waiter.begin(QUEUE, LONG)
    assert waiter.client_id != lost
    assert waiter.finish() is True


def test_a_wait_that_nobody_may_unblock_is_given_up_with_its_connection(waiter, waiting_connection, redis):
    waiter.begin(QUEUE, LONG)

    with pytest.raises(StoreUnavailable, match="could not be ended"):
        waiter.end_by(lambda: None, 0.1)

    assert not waiter.waiting
    assert not waiting_connection.connected
    eventually(lambda: redis.info("clients")["blocked_clients"] == 0, "end of the wait in Redis")


def test_a_wait_for_a_key_that_is_no_queue_is_refused(waiter, waiting_connection, redis):
    redis.set(QUEUE, "no list")
    waiter.begin(QUEUE, LONG)

    with pytest.raises(StoreError, match="BLMOVE queue:default failed: WRONGTYPE"):
        waiter.finish()
    assert not waiter.waiting
    assert waiting_connection.connected


def test_a_full_server_refuses_a_wait(waiter, full_server):
    full_server()
    waiter.begin(QUEUE, LONG)

    with pytest.raises(StoreError, match="OOM"):
        waiter.finish()


@pytest.mark.parametrize("seconds", [0, -1, 1.5 * LONG, 60])
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


# -- what is sent behind a wait


@pytest.fixture
def in_progress(waiting_connection):
    """Return what node `n1`, which holds its lease, has in progress of the queue; the server knows the script."""
    Nodes(waiting_connection, Keys()).heartbeat("n1", "token", 60_000, [])
    waiting_connection.call("SCRIPT", "LOAD", TAKE.text)
    return InProgress(waiting_connection, Keys(), "default", "n1")


def test_a_job_that_ends_a_wait_is_taken_behind_it_and_no_other(waiter, redis, in_progress):
    waiter.begin(QUEUE, LONG, in_progress.fetch_behind_wait("token"))
    redis.lpush(QUEUE, b"first", b"second")

    assert waiter.finish() is True
    assert in_progress.fetched(waiter.reply).payloads == [b"first"]
    assert redis.lrange(QUEUE, 0, -1) == [b"second"]


def test_a_wait_in_vain_takes_nothing_and_its_reply_is_not_that_of_the_next_one(waiter, redis, in_progress):
    waiter.begin(QUEUE, 0.01, in_progress.fetch_behind_wait("token"))
    assert waiter.finish() is False
    assert in_progress.fetched(waiter.reply).payloads == []

    waiter.begin(QUEUE, LONG)
    waiter.abandon()
    assert waiter.reply is None


def test_a_node_without_lease_takes_nothing_behind_its_wait(waiter, redis, in_progress):
    waiter.begin(QUEUE, LONG, in_progress.fetch_behind_wait("of another"))
    redis.lpush(QUEUE, b"job")

    assert waiter.finish() is True
    assert in_progress.fetched(waiter.reply).status == "FENCED"
    assert redis.llen(QUEUE) == 1


def test_where_redis_does_not_know_the_script_the_wait_says_that_there_is_a_job_and_it_knows_it_for_the_next(
    waiter, redis, in_progress
):
    redis.script_flush()
    waiter.begin(QUEUE, LONG, in_progress.fetch_behind_wait("token"))
    redis.lpush(QUEUE, b"job")

    assert waiter.finish() is True
    assert waiter.reply is None
    assert redis.llen(QUEUE) == 1

    waiter.begin(QUEUE, LONG, in_progress.fetch_behind_wait("token"))
    assert waiter.finish() is True
    assert in_progress.fetched(waiter.reply).payloads == [b"job"]


def test_a_job_that_may_not_be_noted_as_in_progress_is_not_taken(waiter, redis, in_progress):
    redis.set("verk:node:n1:queues", "no set")
    waiter.begin(QUEUE, LONG, in_progress.fetch_behind_wait("token"))
    redis.lpush(QUEUE, b"job")

    with pytest.raises(StoreError, match="WRONGTYPE"):
        waiter.finish()
    assert redis.llen(QUEUE) == 1


def test_no_reply_of_a_wait_that_failed_passes_for_another_one(waiter, waiting_connection, redis, in_progress):
    redis.set(QUEUE, "no list")
    waiter.begin(QUEUE, LONG, in_progress.fetch_behind_wait("token"))

    with pytest.raises(StoreError, match="WRONGTYPE"):
        waiter.finish()
    assert waiting_connection.call("PING") == b"PONG"
