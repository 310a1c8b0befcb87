"""Nodes are killed while they run the members of batches: each callback is enqueued once, and each step runs."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from support.batch_node import member
from support.eventually import eventually
from support.killed_nodes import KilledNodes, killed_nodes

from verk_actors.client import Client
from verk_actors.client.workflow import chain, group
from verk_actors.settings.config import Config
from verk_actors.store.batch_status import BatchStatus
from verk_actors.wire.job import Job

NODES = 2


@pytest.fixture
def fleet(redis_url: str) -> Iterator[KilledNodes]:
    with killed_nodes("support.batch_node", redis_url, NODES) as fleet:
        yield fleet


@pytest.mark.slow  # processes are started
def test_each_callback_is_enqueued_once_whichever_nodes_are_killed_when(
    fleet: KilledNodes, config: Config, redis, long: bool
) -> None:
    rng = random.Random(7)

    def job(number: int) -> Job:
        return member.with_options(queue="q").job(number)

    def callback(name: str) -> Job:
        return Job(class_=name, args=[], queue="callbacks")

    works = {
        "plain": [job(number) for number in range(100)],
        "steps": chain(*(job(number) for number in range(8))),
        "both": group(*(chain(job(number), job(number + 1)) for number in range(10))) | job(1),
    }
    with Client(config) as client:
        for bid, work in works.items():
            client.batch(work, bid=bid, on_complete=callback(f"{bid} complete"), on_success=callback(f"{bid} success"))

        def left() -> int:
            found = [client.batches.get(bid) for bid in works]
            return sum(status.total - status.done for status in found if isinstance(status, BatchStatus))

        for _ in range(12 if long else 2):
            before = left()
            eventually(lambda before=before: left() < max(before - 5, 1), "progress")
            fleet.kill(rng.randrange(NODES))
        eventually(lambda: all(client.batches.get(bid).succeeded_at for bid in works), "success of all")

        enqueued = [one.class_ for one in client.queue("callbacks").range() if isinstance(one, Job)]
        assert sorted(enqueued) == sorted(f"{bid} {what}" for bid in works for what in ("complete", "success"))
        assert (redis.llen("queue:q"), redis.zcard("retry"), redis.zcard("dead")) == (0, 0, 0)
