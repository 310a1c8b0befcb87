"""Queues that can't be added, and removals that others interrupt."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from support.eventually import DEADLINE_SECONDS, eventually
from support.nodes import Node, running_node

from verk_actors.errors import ConfigError, QueueAlreadyAdded, QueueNotFound, StoreError
from verk_actors.events import JobFinished, QueuePaused, QueuePausing
from verk_actors.messages import AddQueue, PauseQueue, RemoveQueue, ResizeQueue, ResumeQueue
from verk_actors.otp import OtpError
from verk_actors.settings.config import Config
from verk_actors.tree import names
from verk_actors.tree.manager.manager import Manager
from verk_actors.tree.manager.queue.queue_manager import QueueManager
from verk_actors.tree.messages import HandBack, QueueDrained, RemovalDue
from verk_actors.tree.queues_drainer import QueuesDrainer
from verk_actors.wire.job import Job


def run_a_waiting_job(node: Node) -> None:
    node.client.enqueue(Job(queue="q", class_="Waiting", args=[1]))
    node.jobs.gate.wait_started(1)


@pytest.mark.parametrize(("name", "size"), [("a b", 1), ("new", 0), ("", 1)])
def test_a_queue_that_can_not_be_is_refused_as_in_a_configuration(config: Config, name: str, size: int) -> None:
    with running_node(config, queues={"q": 1}) as node:
        with pytest.raises(ConfigError):
            node.system.ask(AddQueue(name, size), timeout=10)

        assert list(node.status().queues) == ["q"]


@pytest.mark.logs_errors("did not start")
def test_a_queue_whose_supervisor_does_not_start_is_not_there_and_can_be_added_later(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: QueueManager) -> None:
        raise OSError("too many open files")

    with running_node(config, queues={"q": 1}) as node:
        with monkeypatch.context() as patch:
            patch.setattr(QueueManager, "init", fail)
            with pytest.raises(OtpError, match="too many open files"):
                node.system.ask(AddQueue("new", 1), timeout=10)

        assert list(node.status().queues) == ["q"]
        node.system.ask(AddQueue("new", 1), timeout=10)
        node.client.enqueue(Job(queue="new", class_="Good", args=[1]))
        node.log.expect(JobFinished)


def test_all_who_ask_for_a_removal_are_answered_and_nothing_brings_the_queue_back(config: Config) -> None:
    with running_node(config, queues={"q": 1}) as node:
        run_a_waiting_job(node)
        removals = [node.system.ask(RemoveQueue("q"), block=False) for _ in range(2)]
        with pytest.raises(QueueNotFound):
            node.system.ask(ResumeQueue("q"), timeout=10)
        with pytest.raises(QueueAlreadyAdded):
            node.system.ask(AddQueue("q", 1), timeout=10)
        node.jobs.gate.open()

        assert [removal.get(timeout=20) for removal in removals] == [None, None]
        assert node.status().queues == {}


def test_a_removal_goes_on_when_the_manager_dies_meanwhile(config: Config, redis) -> None:
    with running_node(config, queues={"q": 1}) as node:
        run_a_waiting_job(node)
        node.system.ask(RemoveQueue("q"), block=False)
        eventually(lambda: node.status().queues["q"].status == "pausing", "pause")
        manager = node.whereis(names.MANAGER)
        manager.kill()
        node.successor(manager)
        node.jobs.gate.open()

        eventually(lambda: not node.status().queues, "end of the queue")
        assert redis.get("stat:processed") == b"1"


def test_news_of_a_queue_that_is_gone_or_stays_changes_nothing(config: Config) -> None:
    with running_node(config, queues={"q": 1}) as node:
        manager = node.whereis(names.MANAGER)
        for message in (RemovalDue("gone"), RemovalDue("q"), QueueDrained("gone"), QueueDrained("q")):
            manager.cast(message)
        node.system.ask(ResizeQueue("q", 1), timeout=10)  # read behind them
        node.client.enqueue(Job(queue="q", class_="Good", args=[1]))
        node.log.expect(JobFinished)

        assert list(node.status().queues) == ["q"]
        assert node.whereis(names.MANAGER) is manager


def test_running_jobs_of_all_queues_are_handed_back_when_there_is_no_more_time(config: Config, redis) -> None:
    with running_node(config, queues={"q": 1, "other": 1}) as node:
        run_a_waiting_job(node)
        node.system.stop(block=False)
        node.whereis(names.MANAGER).cast(HandBack())

        eventually(lambda: redis.llen("queue:q"), "the job in its queue")
        node.jobs.gate.open()
    assert redis.get("stat:processed") is None


def test_a_queue_that_is_removed_with_its_jobs_leaves_none_but_those_that_are_not_in_it(config: Config, redis) -> None:
    """Case 103, and Redis' side of it."""
    with running_node(config, queues={"q": 1, "other": 1}) as node:
        run_a_waiting_job(node)
        for key in range(3):
            node.client.enqueue(Job(queue="q", class_="Good", args=[key]))
        node.client.schedule(Job(queue="q", class_="Good", args=["later"]), 3600)
        redis.lpush("inprogress:q:another", b'{"class":"Good","args":[],"jid":"theirs"}')
        removal = node.system.ask(RemoveQueue("q", delete_jobs=True), block=False)
        node.log.expect(QueuePausing, queue="q")  # the status has it before workers may claim no more
        node.jobs.gate.open()

        assert removal.get(timeout=20) is None
        assert list(node.status().queues) == ["other"]
        assert (redis.exists("queue:q"), redis.sismember("queues", "q")) == (0, False)
        assert (redis.zcard("schedule"), redis.llen("inprogress:q:another"), node.jobs.order) == (1, 1, [])
        assert redis.get("stat:processed") == b"1"


@pytest.mark.logs_errors("did not stop within")
def test_a_removal_deletes_what_was_handed_back_too(config: Config, redis) -> None:
    with running_node(config, queues={"q": 1}, shutdown_timeout_seconds=0.1) as node:
        run_a_waiting_job(node)
        node.system.ask(RemoveQueue("q", delete_jobs=True), timeout=20)
        assert (redis.exists("queue:q"), redis.keys("inprogress:*"), node.status().queues) == (0, [], {})


def test_jobs_are_kept_unless_whoever_removes_the_queue_says_otherwise(config: Config, redis) -> None:
    with running_node(config, queues={"q": 1}) as node:
        node.system.ask(PauseQueue("q"), timeout=10)
        node.log.expect(QueuePaused)
        node.client.enqueue(Job(queue="q", class_="Good", args=[1]))
        node.system.ask(RemoveQueue("q"), timeout=20)
        assert (redis.llen("queue:q"), redis.sismember("queues", "q")) == (1, True)


@pytest.mark.logs_errors("its jobs could not be deleted")
def test_a_removal_whose_jobs_can_not_be_deleted_says_so_and_stands(config: Config, redis) -> None:
    with running_node(config, queues={"q": 1}) as node:
        redis.delete("queues")
        redis.set("queues", "no set")
        with pytest.raises(StoreError, match="WRONGTYPE"):
            node.system.ask(RemoveQueue("q", delete_jobs=True), timeout=20)
        assert node.status().queues == {}
        redis.delete("queues")
        node.system.ask(AddQueue("q", 1), timeout=10)


def test_a_deletion_goes_on_when_the_manager_dies_meanwhile(config: Config, redis) -> None:
    with running_node(config, queues={"q": 1}) as node:
        run_a_waiting_job(node)
        node.client.enqueue(Job(queue="q", class_="Good", args=[1]))
        node.system.ask(RemoveQueue("q", delete_jobs=True), block=False)
        eventually(lambda: node.status().queues["q"].status == "pausing", "pause")
        manager = node.whereis(names.MANAGER)
        manager.kill()
        node.successor(manager)
        node.jobs.gate.open()

        eventually(lambda: not node.status().queues, "end of the queue")
        assert redis.exists("queue:q") == 0


def test_a_stop_does_not_wait_for_the_jobs_of_a_queue_whose_removal_ends_meanwhile(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget, ask = Manager._forget, QueuesDrainer._ask
    its_actors_are_gone, looked_in_vain = threading.Event(), threading.Event()

    def slow(manager: Manager, pool: str) -> None:
        its_actors_are_gone.set()
        assert looked_in_vain.wait(DEADLINE_SECONDS)
        forget(manager, pool)

    def noting(drainer: QueuesDrainer, queue: str) -> Any:
        answer = ask(drainer, queue)
        looked_in_vain.set()
        return answer

    monkeypatch.setattr(Manager, "_forget", slow)
    monkeypatch.setattr(QueuesDrainer, "_ask", noting)
    with running_node(config, queues={"q": 1}, shutdown_timeout_seconds=3600.0) as node:
        removal = node.system.ask(RemoveQueue("q"), block=False)
        assert its_actors_are_gone.wait(DEADLINE_SECONDS)
        node.system.stop()
        removal.get(timeout=0)
