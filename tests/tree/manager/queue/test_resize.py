"""A queue that gets another number of workers while it runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.async_jobs import AsyncKit, async_queue
from support.eventually import eventually
from support.nodes import Node, running_node
from support.process_jobs import ProcessJobs

from verk_actors.errors import ConfigError, QueueNotFound
from verk_actors.events import JobFailed, JobFinished, JobStarted
from verk_actors.messages import RemoveQueue, ResizeQueue
from verk_actors.settings.config import Config
from verk_actors.settings.queues import QueueConfig
from verk_actors.tree import names
from verk_actors.wire.job import Job


def enqueue(node: Node, count: int, class_: str = "Waiting") -> None:
    node.client.enqueue_many(Job(queue="q", class_=class_, args=[key]) for key in range(count))


def resize(node: Node, size: int) -> None:
    node.system.ask(ResizeQueue("q", size), timeout=10)


def workers(node: Node) -> int:
    return len(node.whereis(names.worker_pool("q")).children)


def test_more_workers_start_at_once_and_run_what_waits(config: Config) -> None:
    with running_node(config, queues={"q": 1}, heartbeat_seconds=100.0) as node:
        enqueue(node, 4)
        node.jobs.gate.wait_started(1)

        resize(node, 4)

        node.jobs.gate.wait_started(4)
        eventually(lambda: workers(node) == node.status().queues["q"].size == 4, "four workers")


def test_surplus_workers_end_their_job_first_and_no_job_is_fetched_in_its_place(config: Config, redis) -> None:
    with running_node(config, queues={"q": 3}, heartbeat_seconds=100.0) as node:
        enqueue(node, 8)
        node.jobs.gate.wait_started(3)

        resize(node, 1)

        assert workers(node) == 3  # each at its job
        assert (redis.llen("queue:q"), node.status().queues["q"].size) == (5, 1)
        eventually(lambda: node.state.queues["q"].running_jobs.room_kept == 1, "room for one job")
        node.jobs.gate.open()
        node.log.expect(JobFinished, 8)
        eventually(lambda: workers(node) == 1, "end of the surplus workers")
        assert set(node.jobs.runs.values()) == {1}
        assert not node.log.of(JobFailed)
        late = [event.started_at for event in node.log.of(JobStarted)][3:]
        ends = sorted(event.finished_at for event in node.log.of(JobFinished))
        assert late == sorted(late)
        assert all(start >= end for start, end in zip(late, ends[2:], strict=False))  # when fewer than one ran


def test_idle_workers_that_are_too_many_end_at_once_and_leave_nothing_undone(config: Config) -> None:
    """One that was woken for a job, and told to end in that moment, has another look for it."""
    with running_node(config, queues={"q": 6}, heartbeat_seconds=100.0) as node:
        for round_ in range(30):
            enqueue(node, 3, "Good")
            resize(node, 1 + round_ % 2 * 5)
            node.log.expect(JobFinished, 3 * (round_ + 1))
        resize(node, 2)
        eventually(lambda: workers(node) == 2, "end of the surplus workers")
        assert node.jobs.runs.total() == 90


def test_workers_start_anew_while_surplus_ones_end_their_jobs(config: Config) -> None:
    with running_node(config, queues={"q": 2}, heartbeat_seconds=100.0) as node:
        enqueue(node, 5)
        node.jobs.gate.wait_started(2)

        resize(node, 1)
        eventually(lambda: node.whereis(names.worker("q", 2)).pending_exit, "its end in view")
        resize(node, 4)

        node.jobs.gate.wait_started(4)
        eventually(lambda: workers(node) == 5, "four workers beside the surplus one")
        node.jobs.gate.open()
        node.log.expect(JobFinished, 5)
        eventually(lambda: workers(node) == 4, "end of the surplus worker")


def test_a_surplus_worker_that_dies_is_not_restarted_and_its_job_counts(config: Config) -> None:
    with running_node(config, queues={"q": 2}) as node:
        enqueue(node, 2)
        node.jobs.gate.wait_started(2)
        resize(node, 1)
        surplus = node.whereis(names.worker("q", 2))

        surplus.kill()

        eventually(lambda: workers(node) == 1, "its end")
        node.jobs.gate.open()
        node.log.expect(JobFinished, 2)


@pytest.mark.parametrize("process", [names.worker_pool, names.queue_supervisor])
def test_the_size_holds_when_those_are_restarted_that_had_it(config: Config, process) -> None:
    with running_node(config, queues={"q": 2}) as node:
        resize(node, 4)
        old = node.whereis(process("q"))

        old.exit()

        node.successor(old)
        eventually(lambda: workers(node) == 4, "four workers")
        assert node.status().queues["q"].size == 4


def test_an_async_queue_runs_more_jobs_at_once_and_then_fewer(config: Config) -> None:
    kit = AsyncKit()
    with running_node(config, kit, queues={"q": async_queue(1)}, heartbeat_seconds=100.0) as node:
        enqueue(node, 3, "Hold")
        node.log.expect(JobStarted, 1)
        resize(node, 3)
        node.log.expect(JobStarted, 3)
        resize(node, 1)
        enqueue(node, 2, "Hold")
        kit.open()
        node.log.expect(JobFinished, 5)
        assert workers(node) == 1


@pytest.mark.slow  # starts processes
def test_the_process_of_a_surplus_worker_runs_its_job_to_the_end(config: Config, tmp_path: Path) -> None:
    queue = QueueConfig(size=2, executor="process")
    with running_node(config, ProcessJobs(), queues={"q": queue}) as node:  # type: ignore[arg-type]  # alike
        for key in range(4):
            node.client.enqueue(Job(queue="q", class_="Sign", args=[str(tmp_path / str(key))]))
        node.log.expect(JobStarted)
        resize(node, 1)
        node.log.expect(JobFinished, 4)
        eventually(lambda: workers(node) == 1, "end of the surplus worker")


def test_what_can_not_be_is_refused(config: Config) -> None:
    with running_node(config, queues={"q": 1}) as node:
        with pytest.raises(QueueNotFound):
            node.system.ask(ResizeQueue("other", 2), timeout=10)
        with pytest.raises(ConfigError, match="size"):
            resize(node, 0)
        with pytest.raises(TypeError):
            ResizeQueue(None, 2)  # type: ignore[arg-type]
        enqueue(node, 1)
        node.jobs.gate.wait_started(1)
        node.system.ask(RemoveQueue("q"), block=False)
        with pytest.raises(QueueNotFound):
            resize(node, 2)
        node.jobs.gate.open()
