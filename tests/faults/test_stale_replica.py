"""A failover to a replica that had not heard of everything, and servers that take no writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from support.deliveries import settled
from support.eventually import eventually
from support.nodes import Node, running_node
from support.sentinels import SERVICE, Sentinel
from support.servers import OwnServer

from verk_actors.errors import StoreUnavailable
from verk_actors.events import JobFinished, QueuePaused, QueueRunning
from verk_actors.messages import PauseQueue, ResumeQueue
from verk_actors.otp import snapshot
from verk_actors.settings.config import Config
from verk_actors.wire.job import Job


@pytest.fixture
def replica(tmp_path: Path, own_server: OwnServer) -> Iterator[OwnServer]:
    """Return a replica of the test's own server."""
    with OwnServer(tmp_path / "replica") as replica, replica.client() as client, own_server.client() as primary:
        primary.config_set("repl-diskless-sync-delay", 0)
        client.replicaof("127.0.0.1", str(own_server.port))
        eventually(lambda: client.info("replication")["master_link_status"] == "up", "replica that follows")
        yield replica


@pytest.fixture
def sentinel(tmp_path: Path, own_server: OwnServer) -> Iterator[Sentinel]:
    """Return a Sentinel, which alone decides nothing: the tests say where the primary is."""
    with Sentinel(tmp_path / "sentinel").watch(own_server) as sentinel:
        yield sentinel


def enqueue(node: Node, class_: str, *keys: str) -> None:
    for key in keys:
        node.client.enqueue(Job(queue="q", class_=class_, args=[key]))


def restarts(node: Node) -> int:
    return sum(info.restarts for info in snapshot(node.system).walk())


@pytest.mark.slow  # the node has to lose and to find a server
@pytest.mark.logs_errors("Redis is of no use now")
def test_what_the_replica_missed_is_lost_or_done_again_and_nothing_is_stuck(
    own_server: OwnServer, replica: OwnServer, sentinel: Sentinel
) -> None:
    """A lost enqueue is lost, a lost fetch and a lost acknowledgement are one more run each."""
    config = Config(redis_url=f"redis+sentinel://127.0.0.1:{sentinel.port}/{SERVICE}")
    with running_node(config, queues={"q": 3}) as node, replica.client() as at_replica:
        enqueue(node, "Waiting", "acknowledgement 1", "acknowledgement 2", "acknowledgement 3")
        node.jobs.gate.wait_started(3)
        node.system.ask(PauseQueue("q"))
        enqueue(node, "Good", "fetch")
        key = f"inprogress:q:{node.config.node_id}"
        eventually(lambda: at_replica.llen(key) == 3 and at_replica.llen("queue:q") == 1, "jobs at the replica")

        at_replica.replicaof("127.0.0.1", "1")  # it hears no more
        node.system.ask(ResumeQueue("q"))
        node.log.expect(QueueRunning)  # before jobs end, else it could be paused in between
        node.jobs.gate.open()
        node.log.expect(JobFinished, 4)
        node.system.ask(PauseQueue("q"))
        node.log.expect(QueuePaused)
        enqueue(node, "Good", "enqueue")
        own_server.kill()
        promote(replica, sentinel)
        node.system.ask(ResumeQueue("q"))

        node.log.expect(JobFinished, 8)
        settled(at_replica)
        runs = {key: runs for (_, key), runs in node.jobs.runs.items()}
        assert runs == {f"acknowledgement {number}": 2 for number in (1, 2, 3)} | {"fetch": 2}
        assert restarts(node) == 0


@pytest.mark.slow  # a wait at the old primary has to end
def test_a_switch_that_breaks_no_connection_makes_the_queue_look_for_what_the_new_primary_missed(
    tmp_path: Path, own_server: OwnServer, replica: OwnServer, sentinel: Sentinel
) -> None:
    """As in a planned failover. The next heartbeat would see to it too, but that is far off."""
    other = Sentinel(tmp_path / "other").watch(replica)
    seeds = f"127.0.0.1:{sentinel.port},127.0.0.1:{other.port}"
    config = Config(redis_url=f"redis+sentinel://{seeds}/{SERVICE}", heartbeat_seconds=60.0, block_seconds=0.5)
    with (
        ExitStack() as at_the_end,  # the node needs a Sentinel until then
        running_node(config, queues={"q": 2}) as node,
        replica.client() as at_replica,
    ):
        enqueue(node, "Waiting", "acknowledgement")
        node.jobs.gate.wait_started(1)
        key = f"inprogress:q:{node.config.node_id}"
        eventually(lambda: at_replica.llen(key) == 1, "job at the replica")
        at_replica.replicaof("NO", "ONE")
        node.jobs.gate.open()
        node.log.expect(JobFinished)

        at_the_end.enter_context(other)
        sentinel.kill()
        node.log.expect(JobFinished, 2)
        settled(at_replica)
        with own_server.client() as at_old:
            assert at_old.ping()


def promote(replica: OwnServer, sentinel: Sentinel) -> None:
    """Make the replica the primary, and the Sentinel say so."""
    with replica.client() as client:
        client.replicaof("NO", "ONE")
    with sentinel.client() as client:
        client.sentinel_remove(SERVICE)
        client.sentinel_monitor(SERVICE, "127.0.0.1", replica.port, 2)


@pytest.mark.logs_errors("Redis is of no use now")
@pytest.mark.parametrize(("stale_data", "refusal"), [("yes", "READONLY"), ("no", "MASTERDOWN")])
def test_a_server_that_is_made_a_replica_is_an_outage_that_changes_nothing(
    own_server: OwnServer, stale_data: str, refusal: str
) -> None:
    with (
        running_node(Config(redis_url=own_server.url), queues={"q": 3}) as node,
        own_server.client() as redis,
    ):
        enqueue(node, "Waiting", "before")
        node.jobs.gate.wait_started(1)
        redis.config_set("replica-serve-stale-data", stale_data)
        redis.replicaof("127.0.0.1", "1")
        eventually(lambda: f"errorstat_{refusal}" in redis.info("errorstats"), "refusal")
        with pytest.raises(StoreUnavailable, match=refusal) as raised:
            enqueue(node, "Good", "refused")
        assert not raised.value.sent
        node.jobs.gate.open()
        node.jobs.gate.wait_ended(1)

        redis.replicaof("NO", "ONE")

        enqueue(node, "Good", "after")
        node.log.expect(JobFinished, 2)
        settled(redis)
        assert set(node.jobs.runs.items()) == {(("Waiting", "before"), 1), (("Good", "after"), 1)}
        assert restarts(node) == 0
