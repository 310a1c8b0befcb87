"""Queues that share one pool of workers, in strict order or by weights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pytest
from support.async_jobs import AsyncKit
from support.eventually import eventually
from support.jobs import JobKit
from support.nodes import Node, running_node

from verk_actors.events import JobFinished, JobStarted, QueuePaused, QueuePausing
from verk_actors.messages import PauseQueue, ResumeQueue
from verk_actors.settings.config import Config
from verk_actors.settings.groups import QueueGroup
from verk_actors.tree import names
from verk_actors.wire.job import Job

STRICT = ["high", "low"]
WEIGHTED = {"high": 3, "low": 1}


def group(config: Config, queues: object, size: int = 1, jobs: JobKit | None = None, **settings: object):
    """Start a node with one group; nudges that are lost stay lost."""
    groups = {"web": QueueGroup(queues=queues, size=size, **settings)}  # type: ignore[arg-type]
    return running_node(config, jobs, groups=groups, heartbeat_seconds=100.0)


def enqueue(node: Node, queue: str, keys: Iterable[object], class_: str = "Good") -> None:
    node.client.enqueue_many(Job(queue=queue, class_=class_, args=[key]) for key in keys)


def occupy(node: Node, queue: str, count: int = 1) -> None:
    """Have workers wait at the gate."""
    enqueue(node, queue, range(count), "Waiting")
    node.jobs.gate.wait_started(count)


def both_look(node: Node) -> None:
    """Wait until each queue knows that it has jobs; none of them waits in Redis any more, where it may be given one."""
    rooms = [row.room for row in node.state.queues.values()]
    eventually(lambda: all(room.has_jobs for room in rooms), "the look of both")  # type: ignore[attr-defined]


def in_progress(redis) -> int:
    return sum(redis.llen(key) for key in redis.keys("inprogress:*"))


def test_the_tree_has_one_pool_and_two_managers_for_each_queue(config: Config) -> None:
    with group(config, STRICT, size=2) as node:
        [supervisor] = [ref for ref in node.children() if str(ref) == "web.supervisor"]
        assert [str(row.ref) for row in supervisor.children] == [
            "high.queue_manager",
            "low.queue_manager",
            "web.pool",
            "high.workers_manager",
            "low.workers_manager",
        ]
        assert len(node.whereis("web.pool").children) == 2
        status = node.status().queues
        assert [(name, one.size, one.group, one.status) for name, one in status.items()] == [
            ("high", 2, "web", "idle"),
            ("low", 2, "web", "idle"),
        ]


def test_jobs_of_all_queues_run_and_each_is_settled_in_its_own(config: Config, redis) -> None:
    with group(config, WEIGHTED, size=3) as node:
        for queue in ("high", "low"):
            enqueue(node, queue, range(50))
        node.log.expect(JobFinished, 100)
        assert Counter(event.queue for event in node.log.of(JobFinished)) == {"high": 50, "low": 50}
        assert (redis.get("stat:processed:high"), redis.get("stat:processed:low")) == (b"50", b"50")
        assert not redis.keys("inprogress:*")


def test_in_strict_order_a_queue_waits_until_those_before_it_are_empty(config: Config, redis) -> None:
    with group(config, STRICT) as node:
        occupy(node, "low")
        enqueue(node, "low", [f"low {n}" for n in range(20)])
        enqueue(node, "high", [f"high {n}" for n in range(20)])
        both_look(node)
        node.jobs.gate.open()
        node.log.expect(JobFinished, 41)
        assert node.jobs.order == [*(f"high {n}" for n in range(20)), *(f"low {n}" for n in range(20))]


def test_by_weights_each_queue_gets_its_part_and_none_waits_for_ever(config: Config) -> None:
    with group(config, WEIGHTED, size=2) as node:
        occupy(node, "low", 2)
        enqueue(node, "low", ["low"] * 600)
        enqueue(node, "high", ["high"] * 600)
        both_look(node)
        node.jobs.gate.open()
        node.log.expect(JobFinished, 1202)
        while_both_waited = Counter(node.jobs.order[:600])
        assert 390 <= while_both_waited["high"] <= 510, while_both_waited  # 450, and a lead of 50


@pytest.mark.parametrize("queues", [STRICT, WEIGHTED])
def test_what_an_empty_queue_does_not_need_goes_to_the_others(config: Config, queues) -> None:
    with group(config, queues, size=4) as node:
        occupy(node, "low", 4)


@pytest.mark.parametrize("queues", [STRICT, WEIGHTED])
def test_no_more_jobs_are_fetched_than_there_are_workers(config: Config, redis, queues) -> None:
    with group(config, queues, size=3) as node:
        for _ in range(5):
            for queue in ("high", "low"):
                enqueue(node, queue, [queue], "Waiting")
        node.jobs.gate.wait_started(3)
        both_look(node)
        eventually(lambda: in_progress(redis) == 3, "the return of what one worker was too few for")
        assert redis.llen("queue:high") + redis.llen("queue:low") == 7
        node.jobs.gate.open()
        node.log.expect(JobFinished, 10)
        assert node.jobs.runs == {("Waiting", "high"): 5, ("Waiting", "low"): 5}


def test_a_job_that_comes_when_others_have_taken_the_last_worker_goes_back_and_is_the_next(
    config: Config, redis
) -> None:
    """Its queue waited in Redis, with a fetch behind that, when there was a worker."""
    with group(config, STRICT, size=1) as node:
        occupy(node, "low")
        enqueue(node, "high", [1, 2])
        room = node.state.queues["high"].room
        eventually(lambda: room.has_jobs and in_progress(redis) == 1, "the job's return")  # type: ignore[attr-defined]
        assert redis.llen("queue:high") == 2
        node.jobs.gate.open()
        node.log.expect(JobFinished, 3)
        assert node.jobs.order == [1, 2]


def test_a_paused_queue_is_passed_over_and_has_its_turn_when_it_is_resumed(config: Config, redis) -> None:
    with group(config, STRICT) as node:
        node.system.ask(PauseQueue("high"), timeout=10)
        node.log.expect(QueuePaused, queue="high")
        enqueue(node, "high", [1])
        enqueue(node, "low", [2, 3])
        node.log.expect(JobFinished, 2)
        assert node.jobs.order == [2, 3]
        occupy(node, "low")
        enqueue(node, "low", [4])
        node.system.ask(ResumeQueue("high"), timeout=10)
        node.jobs.gate.open()
        node.log.expect(JobFinished, 5)
        assert sorted(node.jobs.order[2:]) == [1, 4]


def test_a_queue_that_is_paused_in_its_turn_leaves_it_to_the_others(config: Config) -> None:
    with group(config, STRICT) as node:
        occupy(node, "high")
        enqueue(node, "high", [1])
        enqueue(node, "low", [2])
        node.system.ask(PauseQueue("high"), timeout=10)
        node.log.expect(QueuePausing, queue="high")
        node.jobs.gate.open()
        node.log.expect(QueuePaused, queue="high")
        node.log.expect(JobFinished, 2)
        assert node.jobs.order == [2]


def test_jobs_fetched_ahead_of_one_queue_keep_no_other_from_idle_workers(config: Config) -> None:
    with group(config, WEIGHTED, size=2, prefetch=20) as node:
        enqueue(node, "high", range(300))
        enqueue(node, "low", range(300))
        node.log.expect(JobFinished, 600)
        assert set(node.jobs.runs.values()) == {2}


def test_an_async_group_runs_jobs_of_all_queues_at_once(config: Config) -> None:
    kit = AsyncKit()
    with group(config, STRICT, size=6, jobs=kit, executor="async") as node:
        enqueue(node, "low", range(4), "Hold")
        enqueue(node, "high", range(4), "Hold")
        node.log.expect(JobStarted, 6)
        kit.open()
        node.log.expect(JobFinished, 8)
        assert Counter(event.queue for event in node.log.of(JobFinished)) == {"high": 4, "low": 4}


@pytest.mark.logs_errors("Redis refuses this")
def test_an_outage_of_one_queue_holds_up_no_other(config: Config, redis, caplog) -> None:
    with group(config, STRICT) as node:
        occupy(node, "low")
        redis.set("queue:high", "no list")
        node.whereis(names.queue_manager("high")).kill()
        eventually(lambda: "Redis refuses this" in caplog.text, "the outage")
        enqueue(node, "low", [1, 2])
        node.jobs.gate.open()
        node.log.expect(JobFinished, 3)
