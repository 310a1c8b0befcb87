"""What the tests of the command share: a client of the empty server, and a node that runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.commands import RunningNode

from verk_actors.client import Client
from verk_actors.config import Config


@pytest.fixture
def client(redis_url: str) -> Iterator[Client]:
    """Return a client of the empty server."""
    with Client(Config(redis_url=redis_url)) as client:
        yield client


@pytest.fixture
def node(tmp_path: Path, redis_url: str) -> Iterator[RunningNode]:
    """Return a node n1 with three workers of the queue default, in a process of its own."""
    with RunningNode(tmp_path, redis_url, "--node-id", "n1", queue="default:3") as node:
        yield node.expect_up()
