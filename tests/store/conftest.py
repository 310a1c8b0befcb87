"""What the tests of the store share: a connection, and servers in trouble."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis as redis_py

from verk_actors.settings.redis_url import RedisUrl
from verk_actors.store.connection import Connection
from verk_actors.store.exchange import InProgress
from verk_actors.store.nodes import Nodes
from verk_actors.wire.keys import Keys

PATIENCE_SECONDS = 20.0  # only a hang takes that long


@pytest.fixture
def keys() -> Keys:
    """Return the keys, under a namespace so that a key spelled elsewhere is found out."""
    return Keys("app")


@pytest.fixture
def connection(redis_url: str) -> Iterator[Connection]:
    """Return a connection to the empty server."""
    connection = Connection(RedisUrl(redis_url), name="test", socket_timeout_seconds=PATIENCE_SECONDS)
    yield connection
    connection.close()


@pytest.fixture
def in_progress(connection: Connection, keys: Keys) -> InProgress:
    """Return what node `n1`, which holds its lease, has in progress of the queue `default`."""
    Nodes(connection, keys).heartbeat("n1", "token", 60_000, [])
    return InProgress(connection, keys, "default", "n1")


@pytest.fixture
def nodes(connection: Connection, keys: Keys) -> Nodes:
    """Return the registry of nodes."""
    return Nodes(connection, keys)


@pytest.fixture
def dead_node(redis: redis_py.Redis, keys: Keys) -> str:
    """Return the id of a dead node that has three jobs of `default` in progress, the oldest `1`."""
    redis.sadd(keys.nodes, "n1")
    redis.sadd(keys.node_queues("n1"), "default")
    redis.lpush(keys.in_progress("default", "n1"), "1", "2", "3")
    return "n1"
