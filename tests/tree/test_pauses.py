"""Queues that are paused for all nodes, in Redis, and how that goes together with a pause of one node."""

from __future__ import annotations

import attrs
from support.eventually import eventually
from support.nodes import Node, running_node

from verk_actors.events import JobFinished, QueuePaused, QueuePausing, QueueRunning
from verk_actors.messages import AddQueue, PauseQueue, ResumeQueue
from verk_actors.settings.config import Config
from verk_actors.tree import names
from verk_actors.wire.job import Job

QUICK = {"heartbeat_seconds": 0.1}
NEVER = {"heartbeat_seconds": 60.0}  # what happens, happens without


def good(node: Node, queue: str = "q") -> None:
    node.client.enqueue(Job(queue=queue, class_="Good", args=[queue]))


def status(node: Node, wanted: str, queue: str = "q") -> None:
    eventually(lambda: node.status().queues[queue].status == wanted, f"{queue} {wanted}")


def test_a_pause_reaches_all_nodes_at_once_and_so_does_its_end(config: Config) -> None:
    two_config = attrs.evolve(config, node_id="two")
    with (
        running_node(config, queues={"q": 2, "r": 1}, **NEVER) as one,
        running_node(two_config, queues={"q": 1}, **NEVER) as two,
    ):
        assert one.client.queue("q").pause() is True
        assert one.client.queue("q").pause() is False
        for node in (one, two):
            node.log.expect(QueuePausing, queue="q")
            node.log.expect(QueuePaused, queue="q")
            assert node.status().queues["q"].paused_everywhere
        good(one)
        good(one, "r")
        one.log.expect(JobFinished, queue="r")
        assert (one.client.queue("q").count(), one.client.paused_queue_names()) == (1, ["q"])

        assert one.client.queue("q").resume() is True
        assert one.client.queue("q").resume() is False
        eventually(lambda: one.log.of(JobFinished, queue="q") or two.log.of(JobFinished, queue="q"), "the job")
        two.log.expect(QueueRunning, queue="q")


def test_a_pause_that_another_program_has_written_is_seen_within_a_heartbeat(config: Config, redis) -> None:
    with running_node(config, queues={"q": 1}, **QUICK) as node:
        node.client.enqueue(Job(queue="q", class_="Waiting", args=[1]))
        node.jobs.gate.wait_started(1)
        redis.sadd("paused", "q")
        node.log.expect(QueuePausing)
        assert node.log.of(QueuePaused) == []  # a job runs
        node.jobs.gate.open()
        node.log.expect(QueuePaused)
        redis.srem("paused", "q")
        node.log.expect(QueueRunning)


def test_a_node_that_starts_fetches_nothing_from_a_paused_queue(config: Config, redis) -> None:
    redis.sadd("paused", "q", "added")
    with running_node(config, queues={"q": 1, "r": 1}, **NEVER) as node:
        good(node)
        node.system.ask(AddQueue("added", 1), timeout=10)
        good(node, "added")
        good(node, "r")
        node.log.expect(JobFinished, queue="r")
        status(node, "paused")
        status(node, "paused", "added")
        assert node.jobs.runs.total() == 1


def test_the_status_tells_of_a_pause_as_soon_as_the_node_was_told(config: Config) -> None:
    with running_node(config, queues={"q": 1}, **NEVER) as node:
        row = node.state.queues["q"]
        row.paused = True  # as Manager enters it, before the queue's actors have read what it tells them
        assert (row.status, node.status().queues["q"].status) == ("running", "pausing")
        row.paused, row.removing = False, True
        assert node.status().queues["q"].status == "pausing"
        row.removing = False
        assert node.status().queues["q"].status == "idle"


def test_a_queue_that_is_paused_here_or_everywhere_is_paused(config: Config) -> None:
    with running_node(config, queues={"q": 1}, **NEVER) as node:
        node.client.queue("q").pause()
        node.log.expect(QueuePaused)
        node.system.ask(PauseQueue("q"), timeout=10)
        node.system.ask(ResumeQueue("q"), timeout=10)
        good(node)
        status(node, "paused")
        node.system.ask(PauseQueue("q"), timeout=10)
        node.client.queue("q").resume()
        eventually(lambda: not node.status().queues["q"].paused_everywhere, "the end of the pause of all")
        status(node, "paused")
        assert node.client.queue("q").count() == 1
        node.system.ask(ResumeQueue("q"), timeout=10)
        node.log.expect(JobFinished)


def test_a_crash_forgets_no_pause(config: Config) -> None:
    with running_node(config, queues={"q": 1}, **QUICK) as node:
        node.client.queue("q").pause()
        node.log.expect(QueuePaused)
        for name in (names.NODE_MANAGER, names.workers_manager("q"), names.MANAGER):
            old = node.whereis(name)
            old.kill()
            node.successor(old)
        good(node)
        status(node, "paused")
        node.client.queue("q").resume()
        node.log.expect(JobFinished)


def test_a_key_of_the_wrong_type_pauses_nothing_and_stops_no_node(config: Config, redis) -> None:
    redis.set("paused", "something else")
    with running_node(config, queues={"q": 1}, **QUICK) as node:
        good(node)
        node.log.expect(JobFinished)


def test_a_pause_concerns_the_namespace_alone(config: Config, redis) -> None:
    redis.sadd("paused", "q")
    with running_node(config, queues={"q": 1}, namespace="app", **QUICK) as node:
        good(node)
        node.log.expect(JobFinished)
        node.client.queue("q").pause()
        assert redis.smembers("app:paused") == {b"q"}
