"""A node without queues, as of a program that only enqueues or looks: it takes no jobs until it is given a queue."""

from __future__ import annotations

import redis as redis_py
from support.nodes import Node, running_node

from verk_actors.events import JobFinished
from verk_actors.messages import AddQueue, RemoveQueue
from verk_actors.settings.config import Config
from verk_actors.tree import names
from verk_actors.wire.job import Job


def fetchers(node: Node) -> list[str]:
    """Return the processes that have to do with a queue."""
    return sorted(str(ref) for ref in node.children() if any(part in str(ref) for part in ("q.", "queue_manager")))


def roles(redis: redis_py.Redis, node: Node) -> set[str]:
    """Return what the node's connections are for."""
    prefix = f"verk:{node.config.node_id}:"
    names = [row["name"] for row in redis.client_list()]
    return {name.removeprefix(prefix) for name in names if name.startswith(prefix)}


def test_a_node_without_queues_runs_no_fetcher_and_one_that_gets_a_queue_does(
    config: Config, redis: redis_py.Redis
) -> None:
    """Conformance case 209: an instance that only enqueues, beside others that work."""
    with running_node(config, queues={}) as node:
        without = roles(redis, node)
        assert fetchers(node) == []
        assert node.status().queues == {}
        jid = node.client.enqueue(Job(class_="Good", args=[1], queue="q"))
        assert redis.llen("queue:q") == 1

        node.system.ask(AddQueue("q", 1))
        node.log.expect(JobFinished, jid=jid)
        assert roles(redis, node) > without
        assert fetchers(node) != []

        node.system.ask(RemoveQueue("q"))
        assert fetchers(node) == []
        assert node.whereis(names.MANAGER).is_alive()
