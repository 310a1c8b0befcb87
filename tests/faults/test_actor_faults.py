"""Actors that fail at their start, in a call, over and over, or while they are flooded; what a node makes of it."""

from __future__ import annotations

import threading

import pytest
from support.crash_points import MessagePoint, Mine, Planted
from support.eventually import eventually
from support.nodes import running_node

from verk_actors.events import JobFinished
from verk_actors.messages import AddQueue, RemoveQueue
from verk_actors.otp import ActorDeadError, Server, StartError
from verk_actors.settings.config import Config
from verk_actors.tree import names
from verk_actors.tree.actor_system import ActorSystem
from verk_actors.tree.job_logger import JobLogger
from verk_actors.tree.manager.manager import Manager
from verk_actors.tree.manager.queue.queue_manager import QueueManager
from verk_actors.tree.manager.queue.worker import Worker
from verk_actors.tree.manager.queue.workers_manager import WorkersManager
from verk_actors.tree.messages import JobsMoved, LeaseRenewed
from verk_actors.tree.node_manager import NodeManager
from verk_actors.tree.schedule_manager import ScheduleManager
from verk_actors.wire.job import Job


def fail_at_start(monkeypatch: pytest.MonkeyPatch, actor: type[Server], times: int) -> list[int]:
    """Have the next starts of an actor fail; returns the starts so far, as they come."""
    init, starts = actor.init, []

    def failing(self: Server) -> None:
        starts.append(1)
        if len(starts) <= times:
            raise Planted
        init(self)

    monkeypatch.setattr(actor, "init", failing)
    return starts


OF_A_NODE = [Manager, NodeManager, QueueManager, ScheduleManager, Worker, WorkersManager, JobLogger]


@pytest.mark.logs_errors("did not start")
@pytest.mark.parametrize("actor", OF_A_NODE, ids=lambda actor: actor.__name__)
def test_a_node_of_which_an_actor_fails_to_start_does_not_start_and_leaves_nothing(
    config: Config, redis, monkeypatch: pytest.MonkeyPatch, actor: type[Server]
) -> None:
    fail_at_start(monkeypatch, actor, 1)
    with pytest.raises(StartError):
        ActorSystem.start(Config(redis_url=config.redis_url, queues={"q": 2}))
    assert not redis.keys("inprogress:*")


@pytest.mark.logs_errors("did not start")
@pytest.mark.parametrize("actor", OF_A_NODE, ids=lambda actor: actor.__name__)
def test_an_actor_whose_restart_fails_is_restarted_again_and_each_job_runs_once(
    config: Config, redis, monkeypatch: pytest.MonkeyPatch, actor: type[Server]
) -> None:
    with running_node(config, queues={"q": 1}, max_restarts=10) as node:
        node.client.enqueue(Job(queue="q", class_="Waiting", args=[1]))
        node.jobs.gate.wait_started(1)
        starts = fail_at_start(monkeypatch, actor, 2)
        old = next(ref for ref in node.children() if ref.actor_class is actor)
        old.kill()
        node.successor(old)
        assert len(starts) >= 3
        node.jobs.gate.open()
        node.log.expect(JobFinished)
        node.client.enqueue(Job(queue="q", class_="Good", args=[2]))
        node.log.expect(JobFinished, class_="Good")
        assert node.jobs.runs == {("Waiting", 1): 1, ("Good", 2): 1}


@pytest.mark.logs_errors("manager crashed: Planted()")
@pytest.mark.parametrize("message", [AddQueue("x", 1), RemoveQueue("q")], ids=lambda message: type(message).__name__)
def test_a_call_that_raises_tells_its_caller_and_restarts_the_actor(config: Config, message: object) -> None:
    with running_node(config, queues={"q": 1}) as node:
        old = node.whereis(names.MANAGER)
        with MessagePoint(Manager, type(message), "before").mined(Mine("raise")), pytest.raises(Planted):
            node.system.ask(message)
        node.successor(old)
        node.system.ask(message)
        assert ("x" in node.status().queues, "q" in node.status().queues) == (
            isinstance(message, AddQueue), not isinstance(message, RemoveQueue),
        )  # fmt: skip


@pytest.mark.slow  # a drain runs into its timeout, a worker into its own
@pytest.mark.logs_errors("giving up", "did not stop within")
def test_an_actor_of_the_node_that_keeps_dying_ends_the_node_and_its_running_jobs_go_back(
    config: Config, redis
) -> None:
    with running_node(config, queues={"q": 1}, shutdown_timeout_seconds=0.1) as node:
        node.client.enqueue(Job(queue="q", class_="Waiting", args=[1]))
        node.jobs.gate.wait_started(1)
        while node.system.is_alive():
            scheduler = node.system.whereis(names.SCHEDULE_MANAGER)
            if scheduler is not None:
                scheduler.kill()
        assert node.system.join(20)
        assert "more than 3 restarts" in str(node.system.reason)
        assert redis.llen("queue:q") == 1
        assert not redis.keys("inprogress:*")
        assert not redis.keys("verk:node:*")


@pytest.mark.slow  # twenty deaths, each waited for
def test_messages_to_actors_that_die_are_lost_without_harm(config: Config, redis) -> None:
    flooded = (names.workers_manager("q"), JobsMoved()), (names.queue_manager("q"), LeaseRenewed())
    with running_node(config, queues={"q": 2}, max_restarts=1000) as node:
        done, errors = threading.Event(), []

        def flood() -> None:
            while not done.is_set():
                for name, message in flooded:
                    ref = node.system.whereis(name)
                    try:
                        if ref is not None and ref.actor_inbox.empty():  # no more than it can read
                            ref.tell(message)
                    except ActorDeadError:
                        continue  # said so, and nothing else
                    except BaseException as error:
                        errors.append(error)
                done.wait(0.0005)

        flooder = threading.Thread(target=flood)
        flooder.start()
        for key in range(60):
            node.client.enqueue(Job(queue="q", class_="Good", args=[key]))
            if key % 3 == 0:
                old = node.whereis(flooded[key % 2][0])
                old.kill()
                node.successor(old)
        node.log.expect(JobFinished, 60)
        done.set()
        flooder.join(20)
        assert errors == []
        assert node.jobs.runs == {("Good", key): 1 for key in range(60)}
        eventually(lambda: not redis.keys("inprogress:*"), "empty in-progress list")
