"""An Elixir node that shares the Redis rescues in several steps, between which the dead may come back.

Its steps are those of Verk's Node.Manager: take the jobs from each queue's list, then take the node off all lists.
"""

from __future__ import annotations

import pytest
from support.eventually import eventually
from support.nodes import running_node

from verk_actors.events import JobFenced, JobFinished
from verk_actors.settings.config import Config
from verk_actors.wire.job import Job

QUICK = {"heartbeat_seconds": 0.1}


def take_off_all_lists(redis, node_id: str) -> None:
    """Do the last step of Verk's cleanup: Verk.Node.deregister."""
    redis.delete(f"verk:node:{node_id}:queues", f"verk:node:{node_id}")
    redis.srem("verk_nodes", node_id)


def test_jobs_that_a_node_fetched_between_the_steps_before_it_died_are_found_and_run(config: Config, redis) -> None:
    with running_node(config, queues={"q": 1}, **QUICK) as node:  # first, or the job may be over before anybody listens
        redis.lpush("inprogress:q:web-1-77-0a1b2c3d", '{"class": "Good", "args": [1], "jid": "a", "queue": "q"}')
        take_off_all_lists(redis, "web-1-77-0a1b2c3d")
        node.log.expect(JobFinished)
        eventually(lambda: redis.smembers("verk_nodes") == {node.config.node_id.encode()}, "the dead one forgotten")
        assert node.jobs.runs == {("Good", 1): 1}


@pytest.mark.logs_errors("data is lost there")
def test_a_live_node_that_is_taken_off_all_lists_is_there_again_and_its_jobs_run_once(config: Config, redis) -> None:
    with running_node(config, queues={"q": 2}, **QUICK) as node:
        node.client.enqueue(Job(queue="q", class_="Waiting", args=[1]))
        node.jobs.gate.wait_started(1)
        take_off_all_lists(redis, node.config.node_id)
        eventually(lambda: redis.sismember("verk_nodes", node.config.node_id), "its registration")
        node.jobs.gate.open()
        node.log.expect(JobFinished)
        node.client.enqueue(Job(queue="q", class_="Good", args=[2]))
        node.log.expect(JobFinished, 2)
        assert node.jobs.runs == {("Waiting", 1): 1, ("Good", 2): 1}
        assert node.log.of(JobFenced) == []
