"""Redis refuses, for whatever reason: nothing starts, what runs ends, and all is settled when it is back."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import troubles
from support.cluster import ClusterServer
from support.eventually import eventually
from support.nodes import Node, running_node
from support.servers import OwnServer
from support.troubles import Trouble, restarts, url_of_user

from verk_actors.events import JobFinished
from verk_actors.settings.config import Config
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.wire.job import Job

AWAY, DENIED = "Redis is of no use now", "Redis refuses this node"


def trouble(injection: Trouble, word: str, said: str = AWAY, *, also: str | None = None) -> object:
    """Return the parameters; `also` is what is logged besides, as the connections are closed first."""
    errors = [said] if also is None else [said, also]
    return pytest.param(injection, word, said, also, marks=pytest.mark.logs_errors(*errors), id=injection.__name__)


TROUBLES = [
    trouble(troubles.gone, "Connection refused"),
    trouble(troubles.loading, "LOADING"),
    trouble(troubles.busy, "BUSY"),
    trouble(troubles.a_replica, "READONLY"),
    trouble(troubles.a_replica_that_does_not_answer, "MASTERDOWN"),
    trouble(troubles.without_replicas, "NOREPLICAS"),
    trouble(troubles.unable_to_save, "MISCONF"),
    trouble(troubles.with_too_many_clients, "max number of clients"),
    trouble(troubles.asking_for_a_password, "NOAUTH", DENIED, also=AWAY),
    trouble(troubles.with_another_password, "WRONGPASS", DENIED, also=AWAY),
    trouble(troubles.without_slots, "CLUSTERDOWN"),
    trouble(troubles.without_a_permission, "'evalsha'", DENIED),
]


@pytest.fixture
def server(own_server: OwnServer, tmp_path: Path, word: str) -> Iterator[OwnServer]:
    """Return the server of the node: a cluster of one where a cluster is in trouble."""
    if word != "CLUSTERDOWN":
        yield own_server
        return
    with ClusterServer(tmp_path / "cluster") as cluster, cluster.client() as client:
        client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        eventually(lambda: b"cluster_state:ok" in client.execute_command("CLUSTER", "INFO"), "cluster of one")
        yield cluster


@pytest.fixture
def node_config(server: OwnServer, word: str) -> Config:
    url = url_of_user(server) if word in ("WRONGPASS", "'evalsha'") else server.url
    return Config(redis_url=RedisUrl(url), queues={"q": 2, "idle": 1}, namespace="{verk}")


@pytest.mark.slow  # a server each, and some seconds without it
@pytest.mark.parametrize(("injection", "word", "said", "also"), TROUBLES)
def test_in_an_outage_running_jobs_end_waiting_ones_wait_and_all_are_settled_afterwards(
    server: OwnServer, node_config: Config, caplog, injection: Trouble, word: str, said: str, also: str | None
) -> None:
    caplog.set_level(logging.DEBUG, "verk_actors.tree.outage")
    with running_node(node_config) as node:
        enqueue(node, "Waiting", 2)
        node.jobs.gate.wait_started(2)
        enqueue(node, "Good", 3)
        with injection(server):
            node.jobs.gate.open()
            node.jobs.gate.wait_ended(2)
            eventually(lambda: sum(word in line for line in caplog.messages) >= 3, "failed attempts")
            assert node.log.of(JobFinished) == []
            assert node.jobs.runs.total() == 2
        node.log.expect(JobFinished, 5)
        with server.client() as redis:
            eventually(lambda: not redis.keys("{verk}:inprogress:*"), "empty in-progress list")
            assert int(redis.get("{verk}:stat:processed")) == 5
        ends = 1 if also is None else 2
        eventually(lambda: sum("failed attempts" in line for line in caplog.messages) == ends, "end of the outage")
        assert set(node.jobs.runs.values()) == {1}
        assert restarts(node) == 0
    lines = [line for line in caplog.records if line.levelno >= logging.INFO]
    beginnings = [line for line in lines if said in line.getMessage()]
    assert [line.levelname for line in beginnings] == ["CRITICAL" if said is DENIED else "ERROR"]
    assert len(lines) == 2 * ends


def enqueue(node: Node, class_: str, count: int) -> None:
    for key in range(count):
        node.client.enqueue(Job(queue="q", class_=class_, args=[key]))
