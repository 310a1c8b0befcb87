"""Queues in numbers: what of them only Redis knows, where no node tells of itself."""

from __future__ import annotations

import pytest

from verk_actors.client import Client
from verk_actors.figures.queues import read_queues
from verk_actors.settings.config import Config
from verk_actors.wire.job import Job


@pytest.mark.parametrize(("lease", "state", "busy_state"), [(True, "idle", "running"), (False, "unworked", "unworked")])
def test_a_queue_of_a_node_that_tells_nothing_is_worked_as_long_as_that_lives(
    redis_url, redis, lease, state, busy_state
) -> None:
    redis.sadd("verk_nodes", "verk-1")
    redis.sadd("verk:node:verk-1:queues", "q")
    if lease:
        redis.set("verk:node:verk-1", "alive")  # as Verk has it

    with Client(Config(redis_url=redis_url)) as client:
        client.enqueue(Job(class_="Note", args=[], queue="q"))
        [idle] = read_queues(client, ["q"])
        redis.rpoplpush("queue:q", "inprogress:q:verk-1")
        [busy] = read_queues(client, ["q"])

    assert [(one.state, one.size, one.in_progress) for one in (idle, busy)] == [(state, 1, 0), (busy_state, 0, 1)]
    assert idle.slots is None
