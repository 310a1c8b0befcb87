from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis as redis_py

from verk_actors import embedded
from verk_actors.errors import StoreError, StoreUnavailable
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.store.connection import Connection
from verk_actors.store.scripts import ENQUEUE

PUSH = (("queue:q", "queues"), ("q", b"job"))


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[str]:
    """Return the URL of a server that a test may break."""
    yield embedded.ensure(tmp_path, fsync="no").url
    embedded.stop(tmp_path)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Return a socket that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def url_of(listener: socket.socket) -> RedisUrl:
    return RedisUrl(f"redis://127.0.0.1:{listener.getsockname()[1]}/0")


def lose_patience(connection: Connection) -> None:
    """Have the socket that is open wait for no reply longer than 0.05 s; whatever opens the next one has its time."""
    connection.call("PING")
    connection._link._sock.settimeout(0.05)


def test_a_command_is_sent_once_even_if_its_reply_is_lost(connection, redis):
    """redis-py's client sends it again, up to ten times: a job would be fetched or pushed several times."""
    for attempt in (
        lambda: connection.call("LPUSH", "queue:q", "job"),
        lambda: connection.script(ENQUEUE, *PUSH),
    ):
        redis.delete("queue:q")
        redis.script_load(ENQUEUE.text)
        lose_patience(connection)
        connection.send("CLIENT", "REPLY", "OFF")
        with pytest.raises(StoreUnavailable) as caught:
            attempt()
        assert caught.value.sent
        assert not connection.connected
        assert redis.llen("queue:q") == 1


def test_a_reply_that_takes_too_long_is_given_up_and_never_taken_for_another(connection):
    lose_patience(connection)

    with pytest.raises(StoreUnavailable) as caught:
        connection.call("BLPOP", "empty", 0)
    assert caught.value.sent
    assert not connection.connected
    assert connection.call("ECHO", "mine") == b"mine"


def test_a_killed_connection_is_an_outage_and_the_next_command_connects_anew(connection, redis):
    redis.client_kill_filter(_id=connection.client_id())

    with pytest.raises(StoreUnavailable):
        connection.call("PING")
    assert connection.call("PING") == b"PONG"


def test_a_connection_that_died_while_idle_is_noticed_by_a_check(connection, redis):
    connection.check()
    redis.client_kill_filter(_id=connection.client_id())

    connection.check()

    assert not connection.connected
    assert connection.call("PING") == b"PONG"
    connection.check()
    assert connection.connected


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
def test_an_interruption_closes_the_connection_since_the_reply_is_still_to_come(redis_url, monkeypatch, interruption):
    connection = Connection(RedisUrl(redis_url), name="test")
    connection.call("PING")

    def interrupt() -> None:
        raise interruption

    monkeypatch.setattr(connection._link, "read_response", interrupt)
    with pytest.raises(interruption):
        connection.call("ECHO", "not the next one's")
    assert connection.call("ECHO", "mine") == b"mine"
    connection.close()


@pytest.mark.parametrize("url", ["unix:///nowhere/redis.sock", "redis://127.0.0.1:1/0", "rediss://127.0.0.1:1/0"])
def test_a_server_that_is_not_there_is_an_outage_in_which_nothing_was_sent(url):
    with pytest.raises(StoreUnavailable, match=f"connect {url} failed") as caught:
        Connection(RedisUrl(url), name="test").call("PING")
    assert not caught.value.sent


def test_a_server_that_does_not_greet_is_given_up(listener):
    connection = Connection(url_of(listener), name="test", socket_timeout_seconds=0.05)

    with pytest.raises(StoreUnavailable, match="connect") as caught:
        connection.call("PING")
    assert not caught.value.sent


def test_an_embedded_server_that_cannot_be_started_is_an_outage(tmp_path, monkeypatch):
    monkeypatch.setenv("VERK_REDIS_SERVER", str(tmp_path / "missing"))
    with pytest.raises(StoreUnavailable, match="connect embedded:"):
        Connection(RedisUrl(f"embedded:{tmp_path}"), name="test").call("PING")

    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable, match="connect embedded:"):
        Connection(RedisUrl(f"embedded:{tmp_path}/file"), name="test").call("PING")


def test_a_wrong_password_is_an_outage_that_keeps_the_password_secret(own_server):
    with redis_py.Redis.from_url(own_server) as client:
        client.config_set("requirepass", "right")
        connection = Connection(RedisUrl(own_server.replace("unix://", "unix://:s3cret@")), name="test")

        with pytest.raises(StoreUnavailable) as caught:
            connection.call("PING")
        client.config_set("requirepass", "")
    assert not caught.value.sent
    assert "s3cret" not in f"{caught.value} {caught.value!r} {connection!r}"


def test_a_password_asked_for_later_is_an_outage_in_which_nothing_was_done(own_server):
    connection = Connection(RedisUrl(own_server), name="test")
    with redis_py.Redis.from_url(own_server) as client:
        client.acl_setuser("default", enabled=True, nopass=True, keys=["*"], commands=["+@all"])
        connection.call("PING")
        client.config_set("requirepass", "right")
        connection.close()

        with pytest.raises(StoreUnavailable, match=r"(?i)auth") as caught:
            connection.call("LPUSH", "queue:q", "job")
        client.config_set("requirepass", "")
    assert not caught.value.sent
    connection.close()


def test_a_command_that_the_user_may_not_run_is_named(own_server):
    with redis_py.Redis.from_url(own_server) as client:
        client.acl_setuser("poor", enabled=True, nopass=True, keys=["*"], commands=["+ping", "+client"])
        connection = Connection(RedisUrl(own_server.replace("unix://", "unix://poor:any@")), name="test")

        with pytest.raises(StoreError, match=r"LPUSH queue:q failed: NOPERM .*lpush"):
            connection.call("LPUSH", "queue:q", "job")
        connection.close()


def test_a_replica_is_an_outage_and_the_connection_looks_for_the_primary_again(own_server):
    connection = Connection(RedisUrl(own_server), name="test")
    connection.script(ENQUEUE, *PUSH)
    with redis_py.Redis.from_url(own_server) as client:
        client.replicaof("127.0.0.1", 1)
        client.config_set("replica-serve-stale-data", "yes")

        for attempt in (
            lambda: connection.call("LPUSH", "queue:q", "job"),
            lambda: connection.script(ENQUEUE, *PUSH),
        ):
            with pytest.raises(StoreUnavailable, match="READONLY") as caught:
                attempt()
            assert not caught.value.sent
            assert not connection.connected

        client.config_set("replica-serve-stale-data", "no")
        with pytest.raises(StoreUnavailable, match="MASTERDOWN"):
            connection.call("LLEN", "queue:q")
        client.replicaof("NO", "ONE")
    assert connection.script(ENQUEUE, *PUSH) == 2
    connection.close()


def test_a_server_that_cannot_save_is_an_outage_in_which_nothing_was_done(own_server):
    connection = Connection(RedisUrl(own_server), name="test")
    with redis_py.Redis.from_url(own_server) as client:
        client.config_set("min-replicas-to-write", 1)

        with pytest.raises(StoreUnavailable, match="NOREPLICAS") as caught:
            connection.script(ENQUEUE, *PUSH)
    assert not caught.value.sent
    connection.close()
