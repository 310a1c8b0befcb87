"""What a job returns, kept for a while where it asks for that."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis as redis_py
from support.eventually import eventually
from support.jobs import JobKit
from support.nodes import Node, running_node
from support.process_jobs import REGISTRY

from verk_actors.client import Client
from verk_actors.events import JobDead, JobFinished
from verk_actors.jobs.context import current_job
from verk_actors.jobs.job_class import worker
from verk_actors.settings.config import Config
from verk_actors.settings.queues import QueueConfig
from verk_actors.wire.job import Job
from verk_actors.wire.results import MAX_BYTES, JobResult


class Odd:
    def __eq__(self, _: object) -> bool:
        raise RuntimeError("no comparing")

    __hash__ = None  # type: ignore[assignment]


RETURNED: dict[str, Any] = {
    "value": {"sum": 3, "of": [1, 2.5, None, "é"]},
    "none": None,
    "tuple": (1, 2),
    "bytes": [b"bytes"],
    "odd": Odd(),
    "surrogate": "\ud800",
    "long": "x" * MAX_BYTES,
}


class Kit(JobKit):
    """Adds jobs that return something."""

    def __init__(self) -> None:
        super().__init__()

        @worker(registry=self.registry, result_for=60)
        def returning(key: str) -> Any:
            return RETURNED[key]

        @worker(registry=self.registry, result_for=60)
        async def returning_later(key: str) -> Any:
            return RETURNED[key]

        @worker(registry=self.registry)
        def setting(*values: Any) -> str:
            return set_all(values)

        @worker(registry=self.registry)
        async def setting_later(*values: Any) -> str:
            return set_all(values)

        self.returning, self.returning_later = returning, returning_later
        self.registry.add(REGISTRY.find("Set"))


def set_all(values: tuple[Any, ...]) -> str:
    for value in values:
        current_job().set_result(value)  # type: ignore[union-attr]
    return "returned"


@pytest.fixture
def node(config: Config) -> Iterator[Node]:
    queues = {
        "q": 2,
        "loop": QueueConfig(executor="async"),
        "limited": QueueConfig(executor="async", timeout_seconds=9),
        "own": QueueConfig(size=1, executor="process"),
    }
    with running_node(config, Kit(), queues=queues) as node:
        yield node


def result_of(node: Node, job: Job) -> JobResult | None:
    jid = node.client.enqueue(job)
    node.log.expect(JobFinished, jid=jid)
    return node.client.result(jid)


def is_kept_for(seconds: float, redis: redis_py.Redis, jid: str, began: float) -> bool:
    """Whether the result of a job that was enqueued after `began` is kept for so long; two clocks may differ a bit."""
    left = redis.ttl(f"verk:result:{jid}")
    return bool(seconds - (time.monotonic() - began) - 2 <= left <= seconds)


def test_it_is_there_as_soon_as_the_end_of_the_job_is_told_and_for_its_time(node: Node, redis) -> None:
    began = time.monotonic()
    job = node.jobs.returning.job("value")
    jid = node.client.enqueue(going_to(job, queue="q"))
    node.log.expect(JobFinished, jid=jid)

    assert node.client.result(jid) == JobResult(RETURNED["value"], None)
    assert is_kept_for(60, redis, jid, began)


@pytest.mark.parametrize("queue", ["q", "loop", "limited"])
def test_coroutines_return_something_too(node: Node, queue: str) -> None:
    job = going_to(node.jobs.returning_later.job("value"), queue=queue)

    assert result_of(node, job) == JobResult(RETURNED["value"], None)


@pytest.mark.parametrize(("key", "value"), [("none", None), ("tuple", [1, 2])])
def test_any_json_is_a_result(node: Node, key: str, value: Any) -> None:
    assert result_of(node, going_to(node.jobs.returning.job(key), queue="q")) == JobResult(value, None)


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("bytes", "the result[0] is a bytes, which JSON doesn't have"),
        ("odd", "the result is a Odd, which JSON doesn't have"),
        ("surrogate", "the result has a lone surrogate, which UTF-8 can't hold"),
        ("long", f"the result has {MAX_BYTES + 2} bytes; {MAX_BYTES} are kept"),
    ],
)
def test_what_cannot_be_kept_is_told_and_the_job_has_succeeded(node: Node, caplog, key: str, problem: str) -> None:
    assert result_of(node, going_to(node.jobs.returning.job(key), queue="q")) == JobResult(None, problem)
    eventually(lambda: f"succeeded, but {problem}" in caplog.text, "the JobLogger's line")


@pytest.mark.parametrize(
    ("queue", "class_"),
    [("q", "setting"), ("q", "setting_later"), ("loop", "setting_later"), ("limited", "setting_later"),
     pytest.param("own", "Set", marks=pytest.mark.slow)],  # a process is started
)  # fmt: skip
def test_what_a_run_sets_last_is_kept_for_a_day_or_for_its_time(node: Node, redis, queue: str, class_: str) -> None:
    for result_for, seconds in ((None, 86_400), (60, 60)):
        began = time.monotonic()
        job = Job(queue=queue, class_=class_, args=[1, {"sum": "é"}], result_for=result_for)
        jid = node.client.enqueue(job)
        node.log.expect(JobFinished, jid=jid)

        assert node.client.result(jid) == JobResult({"sum": "é"})
        assert is_kept_for(seconds, redis, jid, began)


def test_none_can_be_set(node: Node) -> None:
    assert result_of(node, Job(queue="q", class_="setting", args=[1, None])) == JobResult(None)


@pytest.mark.parametrize(
    ("queue", "class_"), [("q", "setting"), pytest.param("own", "Set", marks=pytest.mark.slow)]  # as above
)  # fmt: skip
def test_a_result_that_is_too_long_fails_the_run_and_nothing_is_kept_of_it(node: Node, queue: str, class_: str) -> None:
    job = Job(queue=queue, class_=class_, args=[1, "x" * MAX_BYTES], max_retry_count=0, result_for=60)
    jid = node.client.enqueue(job)
    [dead] = node.log.expect(JobDead, jid=jid)

    assert dead.error_class == "InvalidResult"
    assert dead.error_message == f"the result has {MAX_BYTES + 2} bytes; {MAX_BYTES} are kept"
    assert node.client.result(jid) is None


@pytest.mark.parametrize(
    ("queue", "class_"), [("q", "setting"), pytest.param("own", "Set", marks=pytest.mark.slow)]  # as above
)  # fmt: skip
def test_how_long_it_may_be_is_configured(config: Config, queue: str, class_: str) -> None:
    queues = {queue: 1 if queue == "q" else QueueConfig(size=1, executor="process")}
    with running_node(config, Kit(), queues=queues, max_result_bytes=100_000) as node:
        assert result_of(node, Job(queue=queue, class_=class_, args=["x" * 90_000])) == JobResult("x" * 90_000)


def test_without_asking_nothing_is_kept(node: Node, redis) -> None:
    assert result_of(node, Job(queue="q", class_="returning", args=["value"])) is None
    assert redis.keys("verk:result:*") == []


def test_a_job_that_fails_has_no_result(node: Node) -> None:
    jid = node.client.enqueue(Job(queue="q", class_="Bad", args=[1], max_retry_count=0, result_for=60))
    node.log.expect(JobDead, jid=jid)

    assert node.client.result(jid) is None


def test_what_is_no_result_is_said_to_be_none(config: Config, redis) -> None:
    redis.mset({"verk:result:a": "no JSON", "verk:result:b": json.dumps([1])})
    with Client(config) as client:
        assert [client.result(jid) for jid in "ab"] == [JobResult(None, "what is kept is no result")] * 2


def going_to(job: Job, queue: str) -> Job:
    return Job(class_=job.class_, args=job.args, queue=queue, result_for=job.result_for)
