"""Jobs that are fetched ahead of free workers: how many, and that none stays behind."""

from __future__ import annotations

from collections.abc import Sequence
from queue import SimpleQueue

import pytest
from support.eventually import eventually
from support.nodes import running_node

from verk_actors.events import JobFinished, QueuePaused, QueuePausing
from verk_actors.jobs.job_class import JobClass, worker
from verk_actors.messages import PauseQueue
from verk_actors.settings.config import Config
from verk_actors.settings.queues import QueueConfig
from verk_actors.tree.manager.queue.pace import Pace
from verk_actors.tree.manager.queue.workers_manager import WorkersManager
from verk_actors.tree.running_job import RunningJob
from verk_actors.wire.job import Job


def test_as_many_jobs_may_be_fetched_ahead_as_ended_in_a_tenth_of_a_second() -> None:
    pace = Pace()

    assert pace.note(0, now=1000.0) == 0
    assert pace.note(30, now=1000.0625) == 0  # not known yet
    assert pace.note(95, now=1000.125) == 100  # of 125 in an eighth of a second
    assert pace.note(1, now=1000.1875) == 100


def test_where_jobs_take_their_time_none_is_fetched_ahead() -> None:
    pace = Pace()

    pace.note(0, now=1000.0)
    assert pace.note(125, now=1000.125) == 100
    assert pace.note(25, now=1010.0) == 0


def in_progress(node, redis) -> int:
    return int(redis.llen(f"inprogress:q:{node.config.node_id}"))


def fill(node, class_: str, count: int) -> None:
    for key in range(count):
        node.client.enqueue(Job(queue="q", class_=class_, args=[key]))


def test_beside_a_job_of_unknown_length_nothing_is_fetched_ahead(config: Config, redis) -> None:
    with running_node(config, queues={"q": QueueConfig(size=1, prefetch=10)}) as node:
        fill(node, "Waiting", 4)
        node.jobs.gate.wait_started(1)
        assert (in_progress(node, redis), redis.llen("queue:q")) == (1, 3)
        node.jobs.gate.open()
        node.log.expect(JobFinished, 4)


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the jobs before been fast."""
    monkeypatch.setattr(Pace, "note", lambda *_args, **_named: 1000)


@pytest.mark.usefixtures("fast")
def test_jobs_that_were_fetched_ahead_go_back_in_order_when_the_queue_pauses(config: Config, redis) -> None:
    with running_node(config, queues={"q": QueueConfig(size=1, prefetch=3)}) as node:
        fill(node, "Waiting", 6)
        node.jobs.gate.wait_started(1)
        eventually(lambda: in_progress(node, redis) == 4, "three jobs fetched ahead")
        waiting = redis.lrange("queue:q", 0, -1)
        ahead = redis.lrange(f"inprogress:q:{node.config.node_id}", 0, 2)
        node.system.ask(PauseQueue("q"))
        node.log.expect(QueuePausing)
        eventually(lambda: in_progress(node, redis) == 1, "the return of three")
        assert redis.lrange("queue:q", 0, -1) == [*waiting, *ahead]
        node.jobs.gate.open()
        node.log.expect(QueuePaused)
        assert node.jobs.runs == {("Waiting", 0): 1}


@pytest.mark.usefixtures("fast")
def test_jobs_that_go_back_are_not_fetched_again_though_their_workers_manager_is_slow(
    config: Config, redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_back = WorkersManager._give_back

    def slow(workers_manager: WorkersManager, jobs: Sequence[RunningJob]) -> None:
        give_back(workers_manager, jobs)
        if jobs:
            eventually(lambda: redis.llen("queue:q") == 5, "the return of three")

    monkeypatch.setattr(WorkersManager, "_give_back", slow)
    with running_node(config, queues={"q": QueueConfig(size=1, prefetch=3)}) as node:
        fill(node, "Waiting", 6)
        node.jobs.gate.wait_started(1)
        eventually(lambda: in_progress(node, redis) == 4, "three jobs fetched ahead")
        node.system.ask(PauseQueue("q"))
        eventually(lambda: redis.llen("queue:q") == 5, "the return of three")
        node.jobs.gate.open()
        node.log.expect(QueuePaused)
        assert redis.llen("queue:q") == 5


@pytest.mark.usefixtures("fast")
def test_jobs_that_were_fetched_ahead_go_back_when_the_node_stops(config: Config, redis) -> None:
    with running_node(config, queues={"q": QueueConfig(size=1, prefetch=3)}) as node:
        fill(node, "Waiting", 6)
        node.jobs.gate.wait_started(1)
        eventually(lambda: in_progress(node, redis) == 4, "three jobs fetched ahead")
        stop = node.system.stop(block=False)
        eventually(lambda: redis.llen("queue:q") == 5, "the return of three")
        node.jobs.gate.open()
        assert stop.get(timeout=20)
        assert (in_progress(node, redis), redis.llen("queue:q")) == (0, 5)
        assert node.jobs.runs == {("Waiting", 0): 1}


@pytest.mark.usefixtures("fast")
def test_a_job_that_has_taken_its_time_is_settled_while_all_workers_are_busy_and_others_wait(config: Config) -> None:
    with running_node(config, queues={"q": QueueConfig(size=1, prefetch=3)}, heartbeat_seconds=100.0) as node:
        steps: SimpleQueue[None] = SimpleQueue()

        @worker(registry=node.jobs.registry)
        class Step(JobClass):
            def perform(self) -> None:
                steps.get(timeout=20)

        node.client.enqueue(Job(queue="q", class_="Good", args=["before"]))
        node.log.expect(JobFinished)
        table = node.state.queues["q"].running_jobs
        table.brisk = True  # as was the job before, or not
        node.client.enqueue_many(Job(queue="q", class_="Step", args=[]) for _ in range(4))
        eventually(lambda: len(table.channel) == 3, "three jobs fetched ahead")
        eventually(lambda: not table.watched, "the end of the watch, as nobody is idle")

        steps.put(None)

        try:
            node.log.expect(JobFinished, 2)
        finally:
            for _ in range(3):
                steps.put(None)
