"""A queue whose jobs end at once leaves its actors alone; a job in between that does not is noticed all the same."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import attrs
import pytest
from support.eventually import eventually
from support.nodes import running_node

from verk_actors.events import JobFinished, QueuePaused
from verk_actors.jobs.registry import Registry
from verk_actors.messages import PauseQueue, ResumeQueue
from verk_actors.settings.config import Config
from verk_actors.tree import names
from verk_actors.tree.manager.queue.queue_manager import QueueManager
from verk_actors.tree.messages import LeaseRenewed
from verk_actors.tree.node_state import NodeState
from verk_actors.tree.running_job import SUCCEEDED, RunningJob
from verk_actors.tree.running_jobs import Nudged
from verk_actors.wire.codec import decode
from verk_actors.wire.job import Job


def fetch_together(node, jobs: list[Job]) -> None:
    """Have the queue find all of these at once."""
    node.system.ask(PauseQueue("q"))
    eventually(lambda: node.state.queues["q"].status == "paused", "the pause")
    for job in jobs:
        node.client.enqueue(job)
    node.system.ask(ResumeQueue("q"))


@pytest.mark.parametrize("brisk", [True, False])
def test_jobs_behind_one_that_takes_its_time_get_workers_of_their_own(config: Config, brisk: bool) -> None:
    with running_node(config, queues={"q": 4}) as node:
        fetch_together(node, [Job(queue="q", class_="Good", args=[key]) for key in range(4)])
        node.log.expect(JobFinished, 4)
        node.state.queues["q"].running_jobs.brisk = brisk  # as those before were, or not

        fetch_together(node, [Job(queue="q", class_="Waiting", args=[key]) for key in range(4)])
        node.jobs.gate.wait_started(4)

        node.jobs.gate.open()
        node.log.expect(JobFinished, 8)
        assert node.jobs.runs.total() == 8


def test_a_room_that_was_closed_before_the_queue_manager_had_looked_is_confirmed_all_the_same(config: Config) -> None:
    """The WorkersManager waits for that before it says that the queue is paused."""
    manager = QueueManager(NodeState.of(attrs.evolve(config, queues={"q": 1}), Registry()), "q")
    table, told = manager._table, []
    table.workers_manager.ref = SimpleNamespace(cast=told.append)  # type: ignore[assignment]

    manager._look()
    manager._report()

    assert table.room_kept == 0
    assert len(told) == 1


def test_the_managers_of_a_paused_queue_leave_each_other_in_peace(config: Config, monkeypatch) -> None:
    nudges = Counter[str]()

    def nudge(nudged: Nudged) -> None:
        nudges[type(nudged.message).__name__] += 1
        original(nudged)

    original = Nudged.nudge
    monkeypatch.setattr(Nudged, "nudge", nudge)
    with running_node(config, queues={"q": 1}) as node:
        node.system.ask(PauseQueue("q"))
        node.log.expect(QueuePaused)
        nudges.clear()
        for _ in range(50):
            node.status()
        assert nudges.total() < 5


def test_a_queue_is_not_closed_while_what_was_fetched_in_a_larger_room_may_come(config: Config) -> None:
    manager = QueueManager(NodeState.of(attrs.evolve(config, queues={"q": 1}), Registry()), "q")
    table = manager._table
    table.room = 1
    manager._look()  # and fetches
    table.room = 0

    assert table.room_kept == 1
    manager._look()
    assert table.room_kept == 1
    manager._report()
    assert table.room_kept == 0


def test_a_worker_that_takes_a_job_before_anybody_looks_again_leaves_none_unwatched(config: Config) -> None:
    manager = QueueManager(NodeState.of(attrs.evolve(config, queues={"q": 1}), Registry()), "q")
    table = manager._table
    table.is_open = table.brisk = True

    class Quick:
        pending_exit = None

        def cast(self, _: object) -> bool:
            table.claim(self)  # type: ignore[arg-type]
            return True

    table.idle.extend([Quick(), Quick()])  # type: ignore[list-item]
    for name in (b"takes long", b"waits"):
        table.add(RunningJob(name, None))

    manager._report()

    assert len(table.channel) == 1
    assert table.watched


def test_the_workers_manager_is_told_of_what_a_comparison_finds_settled(config: Config) -> None:
    """It may wait for nothing else: the last job of a queue that pauses, refused by Redis and then taken by a peer."""
    node = NodeState.of(attrs.evolve(config, queues={"q": 1}), Registry())
    manager, table = QueueManager(node, "q"), node.queues["q"].running_jobs
    node.own_server.lease.held = True
    manager._in_progress = SimpleNamespace(payloads=list)  # type: ignore[assignment]
    table.workers_manager.ref = SimpleNamespace(cast=lambda _: True)  # type: ignore[assignment]
    table.add(RunningJob(b"taken", None, outcome=SUCCEEDED))

    assert manager._reconcile()

    assert not table.held
    assert table.workers_manager.told


def test_jobs_that_were_fetched_while_the_channel_was_closed_are_run_when_it_opens(config: Config, redis) -> None:
    with running_node(config, queues={"q": 1}) as node:
        node.client.enqueue(Job(queue="q", class_="Waiting", args=[1]))
        node.jobs.gate.wait_started(1)
        node.system.ask(PauseQueue("q"))
        table, payload = node.state.queues["q"].running_jobs, b'{"class":"Good","args":["late"],"jid":"late"}'
        eventually(lambda: not table.is_open, "the pause")
        redis.lpush(f"inprogress:q:{node.config.node_id}", payload)
        table.add(RunningJob(payload, decode(payload, "q")))  # by a fetch that was under way
        node.system.ask(ResumeQueue("q"))
        node.jobs.gate.open()
        node.log.expect(JobFinished, 2)


def brisk_before(node) -> None:
    """Have a job end, and have it been brisk."""
    node.client.enqueue(Job(queue="q", class_="Good", args=["before"]))
    node.log.expect(JobFinished)
    node.state.queues["q"].running_jobs.brisk = True


def test_jobs_that_come_together_to_a_queue_that_waits_in_redis_run_beside_each_other(config: Config) -> None:
    with running_node(config, queues={"q": 4}, heartbeat_seconds=100.0) as node:
        brisk_before(node)

        node.client.enqueue_many(Job(queue="q", class_="Waiting", args=[key]) for key in range(3))

        node.jobs.gate.wait_started(3)


def test_a_worker_that_was_woken_and_died_before_it_looked_is_not_waited_for_beyond_a_heartbeat(config: Config) -> None:
    with running_node(config, queues={"q": 2}, heartbeat_seconds=60.0) as node:
        table = node.state.queues["q"].running_jobs
        eventually(lambda: len(table.idle) == 2, "idle workers")
        table.waking = True
        node.client.enqueue(Job(queue="q", class_="Good", args=[1]))
        eventually(lambda: table.channel, "the fetch")

        node.whereis(names.queue_manager("q")).cast(LeaseRenewed())

        node.log.expect(JobFinished, 1)
