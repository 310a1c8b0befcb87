"""Several systems in one process, each with a namespace and settings of its own, on one Redis."""

from __future__ import annotations

import json

import attrs
import pytest
from support.nodes import running_node

from verk_actors.client import Client, Scheduled
from verk_actors.errors import JobNotUnique
from verk_actors.events import JobExpired, JobFinished
from verk_actors.settings.config import Config
from verk_actors.settings.queues import QueueConfig
from verk_actors.wire.job import Job


def test_all_keys_of_whatever_jobs_ask_for_are_under_the_namespace(config: Config, redis) -> None:
    with running_node(config, namespace="app", queues={"q": 2}) as node:
        job = Job(queue="q", class_="Good", args=[1])
        done = node.client.enqueue(attrs.evolve(job, unique_for=60, unique_until="expiry", result_for=60), once=True)
        node.log.expect(JobFinished, jid=done)
        node.client.enqueue(attrs.evolve(job, expires_in=1e-6))
        node.log.expect(JobExpired)
        node.client.enqueue_many([Scheduled(job, 60), *[attrs.evolve(job, queue="other")] * 1001])
        assert node.client.result(done) is not None

        assert redis.keys("app:unique:*")
        assert [key for key in redis.keys("*") if not key.startswith(b"app:")] == []


def test_two_systems_have_their_own_jobs_locks_and_settings(config: Config, redis) -> None:
    one = attrs.evolve(config, namespace="one")
    two = attrs.evolve(config, namespace="two", wire_format="verk", max_retry_count=3)
    job = Job(queue="q", class_="Waiting", args=[1], unique_for=60)
    with (
        running_node(one, queues={"q": 1}) as first,
        running_node(two, queues={"q": QueueConfig(size=2, prefetch=1), "r": 1}) as second,
    ):
        jids = [node.client.enqueue(job) for node in (first, second)]
        for node in (first, second):
            node.jobs.gate.wait_started(1)
            with pytest.raises(JobNotUnique):
                node.client.enqueue(job)
        [verks] = redis.lrange(f"two:inprogress:q:{second.config.node_id}", 0, -1)
        assert json.loads(verks)["args"] == "[1]"
        assert json.loads(verks)["max_retry_count"] == 3
        assert (first.status().queues.keys(), second.status().queues.keys()) == ({"q"}, {"q", "r"})
        for node, jid in zip((first, second), jids, strict=True):
            node.jobs.gate.open()
            node.log.expect(JobFinished, jid=jid)
    assert redis.keys("*unique:*") == []


def test_without_a_namespace_keys_are_as_verk_and_sidekiq_have_them(config: Config, redis) -> None:
    with Client(config) as client:
        client.enqueue_many(
            [
                Job(queue="q", class_="C", args=[], unique_for=60, unique_token="t"),
                Scheduled(Job(class_="C", args=[]), 9),
            ]
        )

    assert sorted(redis.keys("*")) == [b"queue:q", b"queues", b"schedule", b"unique:t"]
