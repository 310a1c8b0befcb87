"""A connection by way of Sentinels leads to the primary, whoever that is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import redis as redis_py
from support.eventually import eventually
from support.sentinels import Sentinel, Sentinels
from support.servers import OwnServer

from verk_actors.errors import StoreUnavailable
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.store.connection import Connection
from verk_actors.store.waiting import Waiter, unblock


@pytest.fixture
def lone_sentinel(tmp_path: Path) -> Iterator[tuple[OwnServer, Sentinel]]:
    """Return a server with a password, and one Sentinel with a user that may do what docs/redis.md grants."""
    rights = "-@all +subscribe +sentinel|get-master-addr-by-name resetchannels &+switch-master"
    settings = ["sentinel auth-pass verk pass", f"user verk on >watch {rights}"]
    with (
        OwnServer(tmp_path / "server", requirepass="pass") as server,
        Sentinel(tmp_path / "sentinel").watch(server, *settings) as sentinel,
    ):
        yield server, sentinel


def port_of(connection: Connection) -> int:
    return int(connection.call("CONFIG", "GET", "port")[1])


@pytest.mark.slow  # Sentinels take two seconds to find each other
def test_a_connection_follows_the_primary_before_the_old_one_stops_taking_writes(sentinels: Sentinels) -> None:
    """Sentinels demote the old primary some ten seconds after a planned failover: what it takes till then is lost."""
    old = sentinels.primary
    with closing(Connection(RedisUrl(sentinels.url), name="test")) as connection:
        assert port_of(connection) == old.port

        sentinels.failover()
        eventually(lambda: port_of(connection) == sentinels.primary.port, "connection to the new primary")

        with old.client() as client:
            assert client.info("replication")["role"] == "master"


def test_a_connection_goes_on_without_sentinels_but_no_new_one_is_made(tmp_path: Path, own_server: OwnServer) -> None:
    names = ("one", "two")
    one, two = (Sentinel(tmp_path / name).watch(own_server).start() for name in names)
    url = RedisUrl(f"redis+sentinel://127.0.0.1:{one.port},127.0.0.1:{two.port}/verk")
    with closing(Connection(url, name="test")) as connection, closing(Connection(url, name="test")) as other:
        connection.call("SET", "key", "value")
        one.kill()
        other.call("PING")
        two.kill()

        assert connection.call("GET", "key") == b"value"
        connection.close()
        with pytest.raises(StoreUnavailable, match="nobody knows where the server is") as raised:
            connection.call("GET", "key")
        assert not raised.value.sent


def test_what_no_sentinel_watches_is_not_found(lone_sentinel: tuple[OwnServer, Sentinel]) -> None:
    _, sentinel = lone_sentinel
    url = f"redis+sentinel://user:s3cret@127.0.0.1:{sentinel.port}/other?sentinel_username=verk&sentinel_password=watch"
    with (
        closing(Connection(RedisUrl(url), name="test")) as connection,
        pytest.raises(StoreUnavailable, match="it watches no other") as raised,
    ):
        connection.call("PING")
    assert "s3cret" not in str(raised.value)


def test_sentinels_and_servers_have_passwords_of_their_own(lone_sentinel: tuple[OwnServer, Sentinel]) -> None:
    _, sentinel = lone_sentinel
    url = f"redis+sentinel://:pass@127.0.0.1:{sentinel.port}/verk?sentinel_username=verk&sentinel_password="
    with closing(Connection(RedisUrl(f"{url}watch"), name="test")) as connection:
        assert connection.call("PING") == b"PONG"
    with (
        closing(Connection(RedisUrl(f"{url}wr0ng"), name="test")) as connection,
        pytest.raises(StoreUnavailable, match="nobody knows where the server is") as raised,
    ):
        connection.call("PING")
    assert "wr0ng" not in str(raised.value)


def test_a_server_that_is_no_primary_any_more_is_left(lone_sentinel: tuple[OwnServer, Sentinel]) -> None:
    server, sentinel = lone_sentinel
    url = RedisUrl(
        f"redis+sentinel://:pass@127.0.0.1:{sentinel.port}/verk?sentinel_username=verk&sentinel_password=watch"
    )
    with (
        closing(Connection(url, name="test")) as connection,
        closing(Connection(url, name="test", socket_timeout_seconds=30)) as waiting,
        redis_py.Redis(port=server.port, password="pass") as client,
    ):
        connection.call("PING")
        waiter = Waiter(waiting)
        waiter.begin("queue", 20)
        client.replicaof("127.0.0.1", "1")

        with pytest.raises(StoreUnavailable, match="UNBLOCKED"):
            waiter.finish()
        assert unblock(connection, waiter.client_id) is False
        assert not connection.connected
        with pytest.raises(StoreUnavailable, match="READONLY the server is a slave now"):
            connection.call("PING")
        client.replicaof("NO", "ONE")
        assert connection.call("SET", "key", "value") == b"OK"
