"""Queues on a Redis of their own: a lease there, and nothing in common with the queues elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import attrs
import pytest
from support.nodes import Node, running_node
from support.servers import OwnServer

from verk_actors.errors import ConfigError
from verk_actors.events import JobFailed, JobFinished, RedisDataLost
from verk_actors.messages import AddQueue, RemoveQueue
from verk_actors.otp import StartError
from verk_actors.settings.config import Config
from verk_actors.settings.queues import QueueConfig
from verk_actors.tree import names
from verk_actors.wire.job import Job

QUICK = {"heartbeat_seconds": 0.1}


@contextmanager
def node_of_two_servers(config: Config, far: OwnServer, **changes) -> Iterator[Node]:
    queues = {"near": 2, "far": QueueConfig(size=2, redis_url=far.url)}
    with running_node(config, queues=queues, **changes) as node:
        yield node


def test_all_that_belongs_to_a_queue_is_on_its_own_redis(config: Config, redis, own_server: OwnServer) -> None:
    with own_server.client() as far, node_of_two_servers(config, own_server) as node:
        node.client.enqueue(Job(queue="far", class_="Waiting", args=[1]))
        node.jobs.gate.wait_started(1)
        node.client.enqueue(Job(queue="far", class_="Bad", args=[2]))
        node.client.schedule(Job(queue="far", class_="Good", args=[3]), 1000)
        node.log.expect(JobFailed)
        node_id = node.config.node_id
        assert far.llen(f"inprogress:far:{node_id}") == 1
        assert (far.zcard("retry"), far.zcard("schedule")) == (1, 1)
        assert far.smembers(f"verk:node:{node_id}:queues") == {b"far"}
        assert redis.smembers(f"verk:node:{node_id}:queues") == {b"near"}
        assert not redis.exists("queue:far", "retry", "schedule", "stat:processed")
        assert far.get(f"verk:node:{node_id}") != redis.get(f"verk:node:{node_id}")


def test_jobs_of_both_servers_run_and_scheduled_ones_too(config: Config, own_server: OwnServer) -> None:
    with node_of_two_servers(config, own_server) as node:
        for queue in ("near", "far"):
            node.client.enqueue(Job(queue=queue, class_="Good", args=[queue]))
            node.client.schedule(Job(queue=queue, class_="Good", args=[f"{queue} later"]), 0.01)
            node.client.enqueue(Job(queue=queue, class_="BadAtFirst", args=[queue]))
        node.log.expect(JobFinished, 6)


def test_the_client_looks_at_all_servers(config: Config, own_server: OwnServer) -> None:
    with node_of_two_servers(config, own_server) as node:
        client = node.client
        for queue in ("near", "far"):
            client.enqueue(Job(queue=queue, class_="Bad", args=[queue]))
            client.schedule(Job(queue=queue, class_="Good", args=[queue], jid=f"jid-{queue}"), 1000)
        node.log.expect(JobFailed, 2)
        assert client.queue_names() == ["far", "near"]
        assert (client.retries.count(), client.scheduled.count()) == (2, 2)
        scores = [score for _, score in client.scheduled.range_with_score()]
        assert scores == sorted(scores)
        assert len(client.scheduled.range(1, 1)) == 1
        assert len(client.scheduled.range(-1, -1)) == 1
        assert len(client.scheduled.range(0, 0)) == 1
        assert client.counters.totals().failed == 2
        job = client.scheduled.find("jid-far")
        assert job is not None
        assert client.scheduled.kill(job)
        assert not client.scheduled.kill(job)
        assert client.dead.count() == 1
        assert client.dead.requeue(job)
        node.log.expect(JobFinished, queue="far")
        client.retries.clear()
        assert client.retries.count() == 0


@pytest.mark.logs_errors("Redis is of no use now")
def test_the_outage_of_one_server_concerns_no_queue_of_another(config: Config, own_server: OwnServer) -> None:
    with node_of_two_servers(config, own_server, **QUICK) as node:
        node.client.enqueue(Job(queue="far", class_="Waiting", args=["far"]))
        node.jobs.gate.wait_started(1)
        own_server.kill()

        for key in range(20):
            node.client.enqueue(Job(queue="near", class_="Good", args=[key]))
        node.log.expect(JobFinished, 20, queue="near")
        node.jobs.gate.open()
        node.jobs.gate.wait_ended(1)
        own_server.start()
        node.log.expect(JobFinished, queue="far")
        assert node.jobs.runs["Waiting", "far"] == 1


@pytest.mark.logs_errors("data is lost there")
def test_a_server_that_was_emptied_is_told_of_and_its_queue_goes_on(config: Config, redis, own_server) -> None:
    with own_server.client() as far, node_of_two_servers(config, own_server) as node:
        far.flushall()
        node.beat()
        event = node.log.expect(RedisDataLost)[0]
        assert (event.node_id, event.redis) == (node.config.node_id, own_server.url)
        node.client.enqueue(Job(queue="far", class_="Good", args=[1]))
        node.log.expect(JobFinished)


def test_a_queue_on_a_new_server_is_added_and_removed_at_run_time(config: Config, own_server: OwnServer) -> None:
    with own_server.client() as far, running_node(config, queues={"near": 1}) as node:
        node.system.ask(AddQueue("far", QueueConfig(size=1, redis_url=own_server.url)))
        far.lpush("queue:far", '{"class": "Good", "args": [1], "jid": "a", "queue": "far"}')
        node.log.expect(JobFinished, queue="far")
        node.system.ask(RemoveQueue("far"))
        node.system.ask(AddQueue("far", QueueConfig(size=1, redis_url=own_server.url)))
        far.lpush("queue:far", '{"class": "Good", "args": [2], "jid": "b", "queue": "far"}')
        node.log.expect(JobFinished, 2, queue="far")
        with pytest.raises(ConfigError, match="redis_url"):
            AddQueue("far", QueueConfig(redis_url="http://nowhere"))


def test_its_actors_come_back_when_they_or_their_supervisor_die(config: Config, own_server: OwnServer) -> None:
    with node_of_two_servers(config, own_server, **QUICK) as node:
        for name in (f"{names.NODE_MANAGER}@{own_server.url}", names.OTHER_SERVERS):
            old = node.whereis(name)
            old.kill()
            node.successor(old)
        node.client.schedule(Job(queue="far", class_="Good", args=[1]), 0.01)
        node.log.expect(JobFinished)


def test_a_stop_gives_the_lease_back_on_each_server(config: Config, redis, own_server: OwnServer) -> None:
    with own_server.client() as far:
        with node_of_two_servers(config, own_server):
            assert far.exists("verk_nodes")
        assert far.keys("verk*") == redis.keys("verk*") == []


def test_the_jobs_of_a_dead_node_are_rescued_on_each_server(config: Config, redis, own_server: OwnServer) -> None:
    with own_server.client() as far, node_of_two_servers(config, own_server, **QUICK) as node:
        for client, queue in ((redis, "near"), (far, "far")):
            job = f'{{"class": "Good", "args": ["{queue}"], "jid": "{queue}", "queue": "{queue}"}}'
            client.lpush(f"inprogress:{queue}:dead", job)
            client.sadd("verk:node:dead:queues", queue)
            client.sadd("verk_nodes", "dead")
        node.log.expect(JobFinished, 2)


def test_a_server_that_could_not_be_added_is_forgotten(config: Config, own_server: OwnServer) -> None:
    config = attrs.evolve(config, node_id="n1")
    with own_server.client() as far, running_node(config, queues={"near": 1}) as node:
        far.set("verk:node:n1", "somebody else, for ever")
        with pytest.raises(StartError, match="NodeIdInUse"):
            node.system.ask(AddQueue("far", QueueConfig(size=1, redis_url=own_server.url)), timeout=20)
        assert node.status().connected
        assert [str(ref) for ref in node.children() if "@" in str(ref)] == []
        far.delete("verk:node:n1")
        node.system.ask(AddQueue("far", QueueConfig(size=1, redis_url=own_server.url)), timeout=20)
        node.client.enqueue(Job(queue="near", class_="Good", args=[1]))
        node.log.expect(JobFinished)
