"""A lifeline ends the connections that hang by it, whatever their threads wait for."""

from __future__ import annotations

import gc
import socket
import threading

import pytest
from support.eventually import eventually

from verk_actors.errors import StoreUnavailable
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.store.connection import Connection
from verk_actors.store.lifeline import Lifeline
from verk_actors.store.waiting import Waiter


def failures_of(*waits) -> list[StoreUnavailable]:
    """Run each on a thread of its own, call the first to cut, and return what the others raised."""
    cut, *others = waits
    failures: list[StoreUnavailable] = []

    def run(wait) -> None:
        with pytest.raises(StoreUnavailable) as caught:
            wait()
        failures.append(caught.value)

    threads = [threading.Thread(target=run, args=(wait,)) for wait in others]
    for thread in threads:
        thread.start()
    cut()
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)
    return failures


def test_a_command_that_waits_for_its_reply_fails_when_the_lifeline_is_cut(redis_url, redis) -> None:
    lifeline = Lifeline()
    connections = [
        Connection(RedisUrl(redis_url), name=f"test{n}", socket_timeout_seconds=1000, lifeline=lifeline)
        for n in range(3)
    ]

    def cut() -> None:
        eventually(lambda: redis.info("clients")["blocked_clients"] == 3, "three that wait")
        lifeline.cut()

    failures = failures_of(cut, *(lambda c=c: c.call("BLPOP", "never", 0) for c in connections))

    assert len(failures) == 3
    assert all(failure.sent for failure in failures)
    assert not any(connection.connected for connection in connections)


def test_a_wait_for_jobs_ends_when_the_lifeline_is_cut(redis_url) -> None:
    lifeline = Lifeline()
    connection = Connection(RedisUrl(redis_url), name="test", socket_timeout_seconds=1000, lifeline=lifeline)
    waiter = Waiter(connection)
    waiter.begin("queue:empty", 900)

    assert len(failures_of(lifeline.cut, waiter.finish)) == 1


def test_the_search_for_the_server_ends_when_the_lifeline_is_cut() -> None:
    """Sentinels that hang would hold up a stop one after the other."""
    lifeline = Lifeline()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        seed = f"127.0.0.1:{silent.getsockname()[1]}"
        url = RedisUrl(f"redis+sentinel://{seed},{seed},{seed}/verk")
        connection = Connection(url, name="test", lifeline=lifeline)

        def cut() -> None:
            with silent.accept()[0] as first:
                first.recv(1)
                lifeline.cut()

        (failure,) = failures_of(cut, lambda: connection.call("PING"))

    assert failure.why == "the node has ended its connections"


def test_a_connection_that_is_being_made_fails_when_the_lifeline_is_cut() -> None:
    lifeline = Lifeline()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = RedisUrl(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        connection = Connection(url, name="test", socket_timeout_seconds=1000, lifeline=lifeline)

        def cut() -> None:
            with silent.accept()[0] as accepted:
                accepted.recv(1)  # it has begun to introduce itself
                lifeline.cut()

        (failure,) = failures_of(cut, lambda: connection.call("PING"))

    assert not failure.sent


def test_a_command_after_the_cut_fails_without_a_word_to_redis(redis_url, redis) -> None:
    lifeline = Lifeline()
    idle = Connection(RedisUrl(redis_url), name="idle", lifeline=lifeline)
    idle.call("PING")
    lifeline.cut()
    lifeline.cut()
    new = Connection(RedisUrl(redis_url), name="new", lifeline=lifeline)
    accepted = redis.info("stats")["total_connections_received"]

    for connection in (idle, new):
        with pytest.raises(StoreUnavailable):
            connection.call("LPUSH", "ran", "1")
        with pytest.raises(StoreUnavailable, match="the node has ended its connections"):
            connection.call("LPUSH", "ran", "1")

    assert redis.info("stats")["total_connections_received"] == accepted
    assert not redis.exists("ran")


def test_a_connection_of_another_node_is_left_alone(redis_url) -> None:
    mine, other = Lifeline(), Lifeline()
    connection = Connection(RedisUrl(redis_url), name="test", lifeline=mine)
    connection.call("PING")

    other.cut()

    assert connection.call("PING") == b"PONG"
    connection.close()


def test_a_lifeline_keeps_no_connection_of_an_actor_that_is_gone(redis_url) -> None:
    lifeline = Lifeline()
    for _ in range(3):
        Connection(RedisUrl(redis_url), name="test", lifeline=lifeline)
    gc.collect()

    assert len(lifeline._held) == 0
