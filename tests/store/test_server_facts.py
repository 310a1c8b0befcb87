from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.servers import OwnServer

from verk_actors.settings.redis_url import RedisUrl
from verk_actors.store.connection import Connection
from verk_actors.store.server_facts import ServerFacts, concerns_about

NOTHING_ON_DISK = "it writes nothing to disk, so all jobs are lost when it stops; set appendonly yes"


@pytest.fixture
def server_connection(own_server: OwnServer) -> Iterator[Connection]:
    connection = Connection(RedisUrl(own_server.url), name="test")
    yield connection
    connection.close()


@pytest.mark.parametrize(
    ("settings", "concerns"),
    [
        ({}, []),
        ({"maxmemory-policy": "allkeys-lru"}, ["its maxmemory-policy is allkeys-lru"]),
        ({"appendonly": "no"}, [NOTHING_ON_DISK]),
        ({"appendonly": "no", "save": "3600 1"}, []),
        ({"appendonly": "no", "maxmemory-policy": "volatile-ttl"}, ["its maxmemory-policy is", NOTHING_ON_DISK]),
    ],
    ids=["sound", "evicting", "not persistent", "snapshots", "both"],
)  # fmt: skip
def test_each_setting_that_costs_jobs_is_a_concern(
    own_server: OwnServer, server_connection: Connection, settings, concerns
) -> None:
    with own_server.client() as client:
        for name, value in settings.items():
            client.config_set(name, value)

    for found, concern in zip(concerns_about(server_connection), concerns, strict=True):
        assert found.startswith(concern)


@pytest.mark.parametrize("version", ["6.2.0", "7.0.15", "7.2.4", "10.0", "unstable", None])
def test_a_version_that_will_do_or_cannot_be_read_raises_no_concern(version) -> None:
    assert list(ServerFacts(version=version).concerns()) == []


@pytest.mark.parametrize("version", ["5.0.14", "6.0.16"])
def test_an_old_version_is_a_concern(version) -> None:
    [concern] = ServerFacts(version=version).concerns()
    assert str(concern) == f"its version {version} lacks commands that are needed; upgrade to Redis 6.2 or later"


@pytest.mark.parametrize("permissions", ["+@all -info", "+@all -config"])
def test_without_the_permission_to_ask_there_is_no_concern(own_server: OwnServer, permissions) -> None:
    with own_server.client() as client:
        client.config_set("appendonly", "no")
        client.execute_command("ACL", "SETUSER", "poor", "on", "nopass", "~*", *permissions.split())
    connection = Connection(RedisUrl(own_server.url.replace("redis://", "redis://poor:any@")), name="test")

    assert concerns_about(connection) == []
    connection.close()
