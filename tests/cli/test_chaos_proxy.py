"""The proxy of `verk chaos` does to a connection what it is told, and otherwise nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import redis as redis_py
from redis.backoff import NoBackoff
from redis.connection import Connection
from redis.retry import Retry
from support.eventually import DEADLINE_SECONDS, eventually
from support.proxy import CuttingProxy, cutting_proxy
from support.servers import OwnServer

from verk_actors.cli.chaos.proxy_control import Rule

SILENCE_SECONDS = 0.1  # that nothing comes is seen; a stall can only have it seen for longer


@pytest.fixture
def proxy(own_server: OwnServer) -> Iterator[CuttingProxy]:
    """Return a proxy in front of a server of the test's own."""
    with cutting_proxy(f"127.0.0.1:{own_server.port}") as proxy:
        yield proxy


@pytest.fixture
def client(proxy: CuttingProxy) -> Iterator[redis_py.Redis]:
    """Return a client that goes through the proxy, and sends nothing twice."""
    retry = Retry(NoBackoff(), 0)
    with redis_py.Redis.from_url(proxy.url, retry=retry, socket_timeout=DEADLINE_SECONDS) as client:
        yield client


@pytest.fixture
def connection(proxy: CuttingProxy) -> Iterator[Connection]:
    """Return an open connection through the proxy, on which a reply can be waited for."""
    url, patience = proxy.url, DEADLINE_SECONDS
    with redis_py.Redis.from_url(url, single_connection_client=True, socket_timeout=patience) as client:
        yield client.connection


def test_it_forwards_what_is_small_and_what_is_large(client):
    client.set("large", "x" * (8 << 20))

    assert client.get("large") == b"x" * (8 << 20)


def test_a_lost_reply_is_lost_and_the_request_done_once(own_server, proxy, client):
    proxy.rule(Rule(act="lose_reply", needle="INCR"))

    with pytest.raises(redis_py.ConnectionError):
        client.incr("n")

    assert proxy.acted("lose_reply") == 1
    assert client.incr("n") == 2


def test_half_a_reply_is_as_good_as_none(proxy, client):
    client.set("key", "value")
    proxy.rule(Rule(act="half_reply", needle="GET"))

    with pytest.raises(redis_py.ConnectionError):
        client.get("key")
    assert client.get("key") == b"value"


def test_a_lost_request_is_not_done(proxy, client):
    proxy.rule(Rule(act="lose_request", needle="INCR"))

    with pytest.raises(redis_py.ConnectionError):
        client.incr("n")

    assert client.incr("n") == 1


def test_a_hanging_request_is_done_and_never_answered(own_server, proxy, connection):
    proxy.rule(Rule(act="hang", needle="INCR"))

    connection.send_command("INCR", "n")

    with own_server.client() as direct:
        eventually(lambda: direct.get("n") == b"1", "the increment")
    assert not connection.can_read(SILENCE_SECONDS)


def test_an_answer_is_given_in_the_place_of_the_server_as_often_as_it_was_asked_for(proxy, client):
    proxy.rule(Rule(act="answer", needle="INCR", times=2, reply="-LOADING Redis is loading"))

    for _ in range(2):
        with pytest.raises(redis_py.BusyLoadingError):
            client.incr("n")

    assert client.incr("n") == 1


def test_a_rule_is_for_matching_requests_only_and_can_be_forgotten(proxy, client):
    proxy.rule(Rule(act="lose_reply", needle="DEL"))

    assert client.incr("n") == 1
    proxy.forget()
    assert client.incr("n") == 2
    assert client.delete("n") == 1


def test_a_rule_may_be_a_matter_of_chance(proxy, client):
    proxy.rule(Rule(act="lose_reply", needle="INCR", times=1000, chance=0.5))

    for _ in range(100):
        try:
            client.incr("n")
        except redis_py.ConnectionError:
            continue

    assert client.get("n") == b"100"
    assert 20 < proxy.acted("lose_reply") < 80


def test_a_cut_resets_all_connections_and_new_ones_work(proxy, client):
    with client.pubsub() as waiting:
        waiting.subscribe("channel")
        eventually(lambda: waiting.get_message(timeout=1), "the answer")
        proxy.cut()
        with pytest.raises(redis_py.ConnectionError):
            waiting.connection.read_response()

    assert client.incr("n") == 1


def test_connections_that_hang_stay_open_and_new_ones_work(proxy, connection):
    proxy.hang()
    with redis_py.Redis.from_url(proxy.url) as other:
        eventually(other.ping, "an answer on a new connection")

    connection.send_command("PING")
    assert not connection.can_read(SILENCE_SECONDS)


def test_in_a_hole_nothing_passes_and_afterwards_all_that_was_sent_does(proxy, connection):
    proxy.hole(3600.0)
    connection.send_command("INCR", "n")
    assert not connection.can_read(SILENCE_SECONDS)

    proxy.hole(0)

    assert connection.read_response() == 1


def test_a_delay_holds_replies_up_in_order(proxy, client):
    proxy.delay(0.05)
    eventually(lambda: _seconds_of(client.ping) >= 0.05, "a slow reply")

    with client.pipeline(transaction=False) as pipe:
        for number in range(100):
            pipe.echo(str(number))
        assert pipe.execute() == [str(number).encode() for number in range(100)]

    proxy.delay(0)
    eventually(lambda: _seconds_of(client.ping) < 0.05, "a quick reply")


def test_without_a_server_a_connection_is_reset(own_server, client):
    own_server.kill()
    with pytest.raises(redis_py.ConnectionError):
        client.ping()

    own_server.start()
    assert client.ping()


def _seconds_of(call) -> float:
    began = time.monotonic()
    call()
    return time.monotonic() - began
