"""Nodes that are listed, quieted, stopped and rescued by a client."""

from __future__ import annotations

import pytest
from support.eventually import eventually
from support.nodes import running_node

from verk_actors.events import QueuePaused
from verk_actors.settings.config import Config
from verk_actors.store.all_nodes import NodeNotFound, RescuedNode
from verk_actors.tree import names
from verk_actors.tree.messages import Tick
from verk_actors.wire.job import Job


def test_a_node_is_quieted_and_stopped_by_a_client(config: Config) -> None:
    with running_node(config, queues={"q": 2}) as node:
        nodes, node_id = node.client.nodes, node.config.node_id
        node.client.enqueue(Job(queue="q", class_="Waiting", args=[1]))
        node.jobs.gate.wait_started(1)
        beat = node.whereis(names.PRESENCE)
        status = eventually(lambda: (s := nodes.status(node_id)).heartbeat_age_seconds is not None and s, "first beat")
        assert (status.is_alive, status.is_quiet, status.queues, status.in_progress) == (True, False, ("q",), {"q": 1})

        nodes.quiet(node_id)
        beat.cast(Tick())
        node.jobs.gate.open()
        node.log.expect(QueuePaused)
        beat.cast(Tick())
        eventually(lambda: nodes.status(node_id).is_quiet, "quiet")

        nodes.stop(node_id)
        beat.cast(Tick())
        eventually(lambda: not node.system.is_alive(), "the stop")
        with pytest.raises(NodeNotFound):
            nodes.status(node_id)


def test_the_jobs_of_a_dead_node_are_rescued_where_no_other_node_is(config: Config, redis) -> None:
    redis.sadd("verk_nodes", "dead")
    redis.sadd("verk:node:dead:queues", "q")
    redis.lpush("inprogress:q:dead", b'{"class":"Good","args":[1],"jid":"1","queue":"q"}')
    with running_node(config, queues={"q": 1}, heartbeat_seconds=60.0) as node:
        assert node.client.nodes.rescue("dead") == RescuedNode(1, 0, 0)
        node.log.wait_for(lambda: node.jobs.runs["Good", 1] == 1, "the rescued job")
        assert node.client.nodes.ids() == [node.config.node_id]
