"""What a step of a workflow sees of the step before it, whatever runs it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.jobs import JobKit
from support.nodes import Node, running_node
from support.process_jobs import REGISTRY

from verk_actors.events import JobFinished
from verk_actors.settings.config import Config
from verk_actors.settings.queues import QueueConfig
from verk_actors.wire.after import KEY, MOST
from verk_actors.wire.job import Job
from verk_actors.wire.results import JobResult


@pytest.fixture
def node(config: Config) -> Iterator[Node]:
    queues: dict[str, Any] = {
        "q": QueueConfig(size=2, prefetch=20),
        "loop": QueueConfig(executor="async"),
        "own": QueueConfig(size=1, executor="process"),
    }
    kit = JobKit()
    for name in ("Set", "Previous", "PreviousLater"):
        kit.registry.add(REGISTRY.find(name))
    with running_node(config, kit, queues=queues) as node:
        yield node


def finished(node: Node, *args: Any, **options: Any) -> str:
    jid = node.client.enqueue(Job(args=list(args), **{"queue": "q", "class_": "Set"} | options))
    node.log.expect(JobFinished, jid=jid)
    return jid


def seen_by(node: Node, after: Any, queue: str = "q", class_: str = "Previous") -> list[JobResult | None]:
    """Return what a job saw that is told of these."""
    jid = finished(node, queue=queue, class_=class_, extra={KEY: after})
    result = node.client.result(jid)
    assert result is not None
    return [None if one is None else JobResult(*one) for one in result.value]


@pytest.mark.parametrize(
    ("queue", "class_"),
    [("q", "Previous"), ("q", "PreviousLater"), ("loop", "PreviousLater"),
     pytest.param("own", "Previous", marks=pytest.mark.slow)],  # a process is started
)  # fmt: skip
def test_results_come_in_the_order_of_the_step_and_none_is_told_from_nothing(
    node: Node, redis, queue: str, class_: str
) -> None:
    two, one = finished(node, {"two": "é\n"}), finished(node, 1)
    none, silent = finished(node, None), finished(node, class_="Good")
    expired = finished(node, "gone")
    redis.delete(f"verk:result:{expired}")
    redis.set("verk:result:odd", b"\xff no JSON")

    assert seen_by(node, [one, two, silent, none, expired, "odd", one], queue, class_) == [
        JobResult(1), JobResult({"two": "é\n"}), None, JobResult(None), None,
        JobResult(None, "what is kept is no result"), JobResult(1),
    ]  # fmt: skip


@pytest.mark.parametrize("after", [[], None, "text", ["x"] * (MOST + 1)], ids=lambda after: str(after)[:10])
def test_a_first_step_sees_nothing(node: Node, after: Any) -> None:
    assert seen_by(node, after) == []


def test_of_steps_that_come_together_each_sees_its_own(node: Node) -> None:
    steps = [finished(node, number) for number in range(3)]
    jobs = [Job(queue="q", class_="Previous", args=[], extra={KEY: steps[: n % 4]}, jid=f"j{n}") for n in range(20)]
    node.client.enqueue_many(jobs)
    for job in jobs:
        node.log.expect(JobFinished, jid=job.jid)

    assert [node.client.result(f"j{n}") for n in range(20)] == [
        JobResult([[number, None] for number in range(n % 4)]) for n in range(20)
    ]
