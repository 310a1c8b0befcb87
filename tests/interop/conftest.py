"""The real Sidekiq, from Debian's package: a console, a server and its web pages, each started once for a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis import Redis
from support.furnished import Furnished, furnished
from support.sidekiq import Console, Server, Web

from verk_actors.settings.config import Config


@pytest.fixture(scope="module")
def _console(_redis_server: str) -> Iterator[Console]:
    with Console(_redis_server) as console:
        yield console


@pytest.fixture
def ruby(_console: Console, redis: Redis) -> Console:
    """Return a Ruby program that uses Sidekiq, on the empty server."""
    return _console


@pytest.fixture
def web(ruby: Console) -> Web:
    """Return a browser of Sidekiq Web."""
    return Web(ruby("$port"))


@pytest.fixture(scope="module")
def _sidekiq(_redis_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(_redis_server, tmp_path_factory.mktemp("sidekiq") / "log") as server:
        yield server


@pytest.fixture
def sidekiq(_sidekiq: Server, redis: Redis) -> Server:
    """Return a running Sidekiq that works the queues `ruby`, `shared` and `billing`."""
    return _sidekiq


@pytest.fixture
def home(config: Config, redis: Redis) -> Iterator[Furnished]:
    """Return a running node that left a job at each place."""
    with furnished(config, redis) as home:
        yield home
