"""A group is added, resized, paused and removed as a queue is, by its name."""

from __future__ import annotations

import pytest
from support.eventually import eventually
from support.nodes import running_node

from verk_actors.errors import ConfigError, QueueAlreadyAdded, QueueInGroup, QueueNotFound
from verk_actors.events import JobFinished, QueuePaused, QueueRunning
from verk_actors.messages import AddQueue, PauseQueue, RemoveQueue, ResizeQueue, ResumeQueue
from verk_actors.settings.config import Config
from verk_actors.settings.groups import QueueGroup
from verk_actors.tree import names
from verk_actors.wire.job import Job

WEB = QueueGroup(queues=["high", "low"], size=2)


def test_a_group_is_added_works_and_is_removed_with_its_jobs(config: Config, redis) -> None:
    with running_node(config, queues={"q": 1}) as node:
        node.system.ask(AddQueue("web", WEB), timeout=10)
        for queue in ("high", "low"):
            node.client.enqueue(Job(queue=queue, class_="Good", args=[queue]))
        node.log.expect(JobFinished, 2)
        for queue in ("high", "low", "low"):
            node.client.enqueue(Job(queue=queue, class_="Waiting", args=[queue]))
        node.jobs.gate.wait_started(2)
        removals = [node.system.ask(RemoveQueue("web", delete_jobs=True), block=False) for _ in range(2)]
        node.jobs.gate.open()

        assert [removal.get(timeout=20) for removal in removals] == [None, None]
        assert list(node.status().queues) == ["q"]
        assert redis.keys("queue:*") == redis.keys("inprogress:*") == []
        node.system.ask(AddQueue("low", 1), timeout=10)


@pytest.mark.logs_errors("did not stop within")
def test_a_group_waits_with_its_end_for_the_last_job_of_all_its_queues(config: Config, redis) -> None:
    with running_node(config, groups={"web": WEB}, shutdown_timeout_seconds=0.2) as node:
        node.client.enqueue(Job(queue="low", class_="Waiting", args=[1]))
        node.jobs.gate.wait_started(1)
        node.system.ask(RemoveQueue("web"), timeout=20)
        assert (redis.llen("queue:low"), node.status().queues) == (1, {})


def test_a_group_is_paused_and_resumed_as_a_whole_or_in_part(config: Config) -> None:
    with running_node(config, groups={"web": WEB}) as node:
        node.system.ask(PauseQueue("web"), timeout=10)
        node.log.expect(QueuePaused, queue="high")
        node.log.expect(QueuePaused, queue="low")
        node.system.ask(ResumeQueue("low"), timeout=10)
        node.log.expect(QueueRunning, queue="low")
        assert not node.log.of(QueueRunning, queue="high")
        node.system.ask(ResumeQueue("web"), timeout=10)
        node.log.expect(QueueRunning, queue="high")


def test_a_group_is_resized_and_its_queues_share_what_there_is(config: Config) -> None:
    with running_node(config, groups={"web": WEB}, heartbeat_seconds=100.0) as node:
        for key in range(6):
            node.client.enqueue(Job(queue=("high", "low")[key % 2], class_="Waiting", args=[key]))
        node.jobs.gate.wait_started(2)
        node.system.ask(ResizeQueue("web", 5), timeout=10)
        node.jobs.gate.wait_started(5)
        node.system.ask(ResizeQueue("web", 1), timeout=10)
        node.jobs.gate.open()
        node.log.expect(JobFinished, 6)
        eventually(lambda: len(node.whereis(names.worker_pool("web")).children) == 1, "one worker")
        assert {status.size for status in node.status().queues.values()} == {1}


def test_a_queue_of_a_group_can_not_be_removed_or_resized_by_itself(config: Config) -> None:
    with running_node(config, groups={"web": WEB}) as node:
        for message in (RemoveQueue("low"), ResizeQueue("low", 3)):
            with pytest.raises(QueueInGroup, match="one of the group"):
                node.system.ask(message, timeout=10)
        for name, error in (("low", QueueAlreadyAdded), ("web", QueueAlreadyAdded)):
            with pytest.raises(error):
                node.system.ask(AddQueue(name, 1), timeout=10)
        for group in (QueueGroup(queues=["low"]), QueueGroup(queues=["new"])):
            with pytest.raises(ConfigError):
                node.system.ask(AddQueue("new", group), timeout=10)
        with pytest.raises(QueueNotFound):
            node.system.ask(PauseQueue("nowhere"), timeout=10)
        assert list(node.status().queues) == ["high", "low"]


def test_a_group_whose_supervisor_is_stopped_comes_back_with_all_its_queues(config: Config) -> None:
    with running_node(config, groups={"web": WEB}) as node:
        node.system.ask(ResizeQueue("web", 3), timeout=10)
        supervisor = node.whereis(names.queue_supervisor("web"))
        supervisor.exit()
        node.successor(supervisor)
        for queue in ("high", "low"):
            node.client.enqueue(Job(queue=queue, class_="Good", args=[queue]))
        node.log.expect(JobFinished, 2)
        assert len(node.whereis(names.worker_pool("web")).children) == 3
