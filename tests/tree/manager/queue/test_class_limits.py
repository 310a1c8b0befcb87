"""The retries of a job that leaves them open: those of its class, wherever it was enqueued and whatever runs it."""

from __future__ import annotations

import json

import pytest
from support.jobs import JobKit
from support.nodes import running_node

from verk_actors.client import Client
from verk_actors.events import JobDead, JobFailed
from verk_actors.jobs.job_class import worker
from verk_actors.settings.config import Config
from verk_actors.settings.queues import QueueConfig
from verk_actors.testing import fake
from verk_actors.wire.job import Job


class Zero:
    """Fails."""

    def perform(self) -> None:
        raise ValueError("no")


async def zero() -> None:
    raise ValueError("no")


def limited(target: object, **options: object) -> JobKit:
    kit = JobKit()
    worker(name="Zero", registry=kit.registry, max_retry_count=0, **options)(target)  # type: ignore[call-overload]
    return kit


@pytest.mark.parametrize("executor", ["thread", "async", pytest.param("process", marks=pytest.mark.slow)])
def test_a_class_limits_the_retries_of_jobs_that_sidekiq_enqueues(config: Config, redis, executor) -> None:
    kit = limited(zero if executor == "async" else Zero)
    queues = {"q": QueueConfig(size=1, executor=executor)}
    with running_node(config, kit, queues=queues, max_retry_count=3) as node:
        redis.lpush("queue:q", json.dumps({"class": "Zero", "args": [], "jid": "1", "retry": True}))
        [dead] = node.log.expect(JobDead)
        [failed] = node.log.of(JobFailed)

    assert (dead.reason, failed.final) == ("retries used up", True)
    assert (redis.zcard("retry"), redis.zcard("dead")) == (0, 1)


def test_a_class_whose_jobs_are_not_to_be_dead_discards_them(config: Config, redis) -> None:
    with running_node(config, limited(Zero, dead=False), queues={"q": 1}, max_retry_count=3) as node:  # type: ignore[arg-type]
        node.client.enqueue(Job(class_="Zero", args=[], queue="q"))
        [dead] = node.log.expect(JobDead)

    assert dead.reason == "retries used up"
    assert redis.zcard("retry") + redis.zcard("dead") == 0


def test_fake_jobs_keep_to_the_limit_of_their_class_too(config: Config) -> None:
    with fake(registry=limited(Zero).registry) as jobs, Client(config) as client:
        client.enqueue(Job(class_="Zero", args=[]))
        [run] = jobs.drain(raises=False)
    assert run.fate == "dead"
