"""What the tests of the store share: a connection, and servers in trouble."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import redis as redis_py

from verk_actors.config import RedisUrl
from verk_actors.store.connection import Connection
from verk_actors.wire.keys import Keys

Snapshot = Callable[[], dict[bytes, bytes]]


@pytest.fixture
def keys() -> Keys:
    """Return the keys, under a namespace so that a key spelled elsewhere is found out."""
    return Keys("app")


@pytest.fixture
def connection(redis_url: str) -> Iterator[Connection]:
    """Return a connection to the empty server."""
    connection = Connection(RedisUrl(redis_url), name="test")
    yield connection
    connection.close()


@pytest.fixture
def snapshot(redis: redis_py.Redis) -> Snapshot:
    """Return a function that returns all that is stored, to compare before and after."""
    return lambda: {key: redis.dump(key) for key in redis.keys("*")}


@pytest.fixture
def full_server(redis: redis_py.Redis) -> Iterator[Callable[[], None]]:
    """Return a function after which the server refuses whatever needs memory."""
    yield lambda: redis.config_set("maxmemory", "1")
    redis.config_set("maxmemory", "0")
