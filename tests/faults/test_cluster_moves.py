"""A node in a Redis Cluster: each fate, and the keys moved, handed over and failed over while it works."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.cluster import NAMESPACE, Cluster
from support.deliveries import Deliveries, settled
from support.eventually import eventually
from support.nodes import Node, running_node

from verk_actors.events import JobDead, JobFailed, JobFinished
from verk_actors.otp import snapshot
from verk_actors.settings.config import Config
from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys

KEYS = Keys(NAMESPACE)
PREFIX = f"{NAMESPACE}:"

pytestmark = pytest.mark.slow  # the servers take seconds to find each other


@pytest.fixture(scope="module")
def _cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Return a cluster with a replica."""
    with Cluster(tmp_path_factory.mktemp("cluster"), with_replica=True) as cluster:
        yield cluster


@pytest.fixture
def cluster(_cluster: Cluster) -> Cluster:
    """Return a cluster that holds no key of ours."""
    with _cluster.client() as redis:
        redis.flushall()
    return _cluster


def config_of(cluster: Cluster) -> Config:
    return Config(redis_url=cluster.url, namespace=NAMESPACE, wait_replicas_seconds=0.2)


def restarts(node: Node) -> int:
    return sum(info.restarts for info in snapshot(node.system).walk())


def test_a_node_in_a_cluster_brings_each_job_to_its_fate(cluster: Cluster) -> None:
    with running_node(config_of(cluster), queues={"q": 5}) as node, cluster.client() as redis:
        enqueue = node.client.enqueue
        enqueue(Job(queue="q", class_="Good", args=["good"]))
        enqueue(Job(queue="q", class_="BadAtFirst", args=["retried"]))
        enqueue(Job(queue="q", class_="Bad", args=["dead"], max_retry_count=0))
        enqueue(Job(queue="q", class_="Bad", args=["waits for its retry"]))
        node.client.schedule(Job(queue="q", class_="Good", args=["scheduled"]), 0.2)
        node.client.schedule(Job(queue="q", class_="Good", args=["later"]), 3600)
        node.log.expect(JobFinished, 3)
        node.log.expect(JobDead)
        node.log.expect(JobFailed, 3)
        settled(redis, PREFIX)

        assert (redis.zcard(KEYS.retry), redis.zcard(KEYS.dead), redis.zcard(KEYS.schedule)) == (1, 1, 1)
        assert node.client.queue_names() == ["q"]
        assert all(key.startswith(PREFIX.encode()) for key in redis.keys("*"))
        assert restarts(node) == 0


def test_a_node_in_a_cluster_rescues_the_jobs_of_a_dead_one(cluster: Cluster) -> None:
    with cluster.client() as redis, running_node(config_of(cluster), queues={"q": 1}, heartbeat_seconds=0.2) as node:
        redis.sadd(KEYS.nodes, "dead")
        redis.sadd(KEYS.node_queues("dead"), "q")
        redis.lpush(KEYS.in_progress("q", "dead"), '{"class":"Good","args":["rescued"],"jid":"1","queue":"q"}')
        node.log.expect(JobFinished)
        eventually(lambda: redis.smembers(KEYS.nodes) == {node.config.node_id.encode()}, "end of the dead node")


@pytest.mark.logs_errors("Redis is of no use now")
def test_keys_that_move_to_another_server_while_a_node_works_lose_and_double_nothing(cluster: Cluster) -> None:
    """Moved there and back: what moves with its last key is refused meanwhile, and asked for again."""
    with running_node(config_of(cluster), queues={"q": 5}, heartbeat_seconds=1.0, block_seconds=0.5) as node:
        deliveries, old = Deliveries(node), cluster.owner
        others = [server for server in cluster.primaries if server is not old]
        for target in (*others, old):
            deliveries.more(100)
            cluster.move_slot(target)
        deliveries.more(100)
        deliveries.all_run()
        with cluster.client() as redis:
            settled(redis, PREFIX)
        assert set(node.jobs.runs.values()) == {1}
        assert deliveries.uncertain == set()
        assert restarts(node) == 0


@pytest.mark.logs_errors("Redis is of no use now")
def test_a_replica_that_takes_over_while_a_node_works_loses_and_doubles_nothing(cluster: Cluster) -> None:
    with running_node(config_of(cluster), queues={"q": 5}, heartbeat_seconds=5.0, block_seconds=4.0) as node:
        deliveries = Deliveries(node)
        node.client.enqueue(Job(queue="q", class_="Waiting", args=["through"]))
        deliveries.more(100)
        deliveries.all_run()
        with cluster.client() as redis:
            eventually(lambda: redis.info("clients")["blocked_clients"] == 2, "waits of the queue and of the node")
        cluster.fail_over()
        node.jobs.gate.open()
        deliveries.more(100)
        deliveries.all_run()
        with cluster.client() as redis:
            settled(redis, PREFIX)
        assert set(node.jobs.runs.values()) == {1}
        assert restarts(node) == 0


def test_the_death_of_the_owner_loses_no_acknowledged_job_and_work_goes_on(
    request: pytest.FixtureRequest, tmp_path: Path, long: bool
) -> None:
    if not long:
        pytest.skip("with --long: it takes ten seconds, and Sentinels do the same in short")
    request.node.add_marker(pytest.mark.logs_errors("Redis is of no use now"))
    with (
        Cluster(tmp_path, with_replica=True) as cluster,
        running_node(config_of(cluster), queues={"q": 5}, heartbeat_seconds=30.0, wait_replicas=1) as node,
    ):
        deliveries, old = Deliveries(node), cluster.owner
        deliveries.more(100)
        old.kill()
        deliveries.until(lambda: cluster.owner is not old)
        old.start()
        cluster.wait_for_replica()
        deliveries.more(100)
        deliveries.all_run()
        with cluster.client() as redis:
            settled(redis, PREFIX)
        assert restarts(node) == 0
