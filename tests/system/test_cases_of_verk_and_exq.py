"""Cases that the tests of Verk and Exq hold, and that no other test of ours shows; docs/conformance.md has all."""

from __future__ import annotations

import attrs
from support.jobs import JobKit
from support.nodes import running_node

from verk_actors.events import JobDead, JobFailed, JobFinished, QueuePaused, QueuePausing, QueueRunning
from verk_actors.jobs.job_class import worker
from verk_actors.messages import AddQueue, PauseQueue, ResumeQueue
from verk_actors.settings.config import Config
from verk_actors.settings.queues import QueueConfig
from verk_actors.tree import names
from verk_actors.tree.messages import Tick
from verk_actors.wire.job import Job


def test_a_queue_that_starts_tells_that_it_runs(config: Config) -> None:
    """Case 64."""
    with running_node(config) as node:
        node.system.ask(AddQueue("q", 1))
        node.log.expect(QueueRunning, queue="q")


def test_a_paused_queue_whose_workers_manager_died_does_not_tell_that_it_runs(config: Config) -> None:
    """Case 65: one that starts paused."""
    with running_node(config, queues={"q": 1}) as node:
        node.system.ask(PauseQueue("q"))
        node.log.expect(QueuePaused, queue="q")
        told = len(node.log.of(QueueRunning))
        old = node.whereis(names.workers_manager("q"))
        old.kill()
        node.successor(old)
        node.system.ask(AddQueue("after", 1))
        node.log.expect(QueueRunning, queue="after")
        assert len(node.log.of(QueueRunning, queue="q")) == told


def test_a_pause_that_is_asked_for_again_is_no_news(config: Config) -> None:
    """Cases 69 and 70: of a queue that is pausing, and of one that is paused."""
    with running_node(config, queues={"q": 1}) as node:
        node.client.enqueue(Job(queue="q", class_="Waiting", args=[1]))
        node.jobs.gate.wait_started(1)
        for _ in range(2):
            node.system.ask(PauseQueue("q"))
        node.jobs.gate.open()
        node.log.expect(QueuePaused, queue="q")
        node.system.ask(PauseQueue("q"))
        node.system.ask(ResumeQueue("q"))
        node.log.expect(QueueRunning, queue="q")
        assert (len(node.log.of(QueuePausing)), len(node.log.of(QueuePaused))) == (1, 1)


def test_a_queue_that_runs_is_resumed_without_a_word(config: Config) -> None:
    """Case 71."""
    with running_node(config) as node:
        node.system.ask(AddQueue("q", 1))
        node.log.expect(QueueRunning, queue="q")
        node.system.ask(ResumeQueue("q"))
        node.client.enqueue(Job(queue="q", class_="Good", args=[1]))
        node.log.expect(JobFinished)
        assert len(node.log.of(QueueRunning)) == 1


def test_a_queue_that_is_pausing_runs_on_when_it_is_resumed(config: Config) -> None:
    """Case 72."""
    with running_node(config, queues={"q": 2}) as node:
        node.client.enqueue(Job(queue="q", class_="Waiting", args=[1]))
        node.jobs.gate.wait_started(1)
        node.system.ask(PauseQueue("q"))
        node.log.expect(QueuePausing, queue="q")
        node.system.ask(ResumeQueue("q"))
        node.log.expect(QueueRunning, queue="q")
        node.client.enqueue(Job(queue="q", class_="Good", args=[2]))
        node.log.expect(JobFinished, class_="Good")
        assert node.log.of(QueuePaused) == []


def test_the_status_has_the_size_of_each_queue(config: Config) -> None:
    """Cases 96, 97 and 153."""
    with running_node(config, queues={"default": 3, "default-low": QueueConfig(size=2)}) as node:
        queues = node.status().queues
        assert {name: (row.size, row.status) for name, row in queues.items()} == {
            "default": (3, "idle"),
            "default-low": (2, "idle"),
        }


def test_the_retry_of_an_unknown_class_is_by_the_curve(config: Config) -> None:
    """Case 127."""
    with running_node(config, queues={"q": 1}) as node:
        node.client.enqueue(Job(queue="q", class_="Unknown", args=[]))
        [failed] = node.log.expect(JobFailed)
        [(_, due_at)] = node.client.retries.range_with_score()
        assert 18 <= due_at - failed.failed_at <= 76


def test_a_node_is_on_the_list_of_nodes_and_its_lease_lasts_two_heartbeats(config: Config, redis) -> None:
    """Cases 183 and 193."""
    config = Config(redis_url=config.redis_url)  # with an id that is generated
    with running_node(config, heartbeat_seconds=20.0):
        assert redis.smembers("verk_nodes") == {config.node_id.encode()}
        assert 20_000 < redis.pttl(f"verk:node:{config.node_id}") <= 40_000
    assert redis.exists("verk_nodes", f"verk:node:{config.node_id}") == 0


def test_a_stop_pauses_the_queues_that_run_and_waits_for_each(config: Config) -> None:
    """Cases 189 and 192: what is paused already is not paused again."""
    with running_node(config, queues={"a": 1, "b": 1, "paused": 1}) as node:
        node.system.ask(PauseQueue("paused"))
        node.log.expect(QueuePaused, queue="paused")
        for queue in "ab":
            node.client.enqueue(Job(queue=queue, class_="Waiting", args=[queue]))
        node.jobs.gate.wait_started(2)
        stopped = node.system.stop(block=False)
        node.log.expect(QueuePausing, queue="a")
        node.log.expect(QueuePausing, queue="b")
        assert len(node.log.of(QueuePaused)) == 1
        node.jobs.gate.open()
        stopped.get(timeout=20)
    for queue in ("a", "b", "paused"):  # the probe has ended too, so it has heard all
        told = [type(event) for event in node.log.of(QueuePausing, queue=queue) + node.log.of(QueuePaused, queue=queue)]
        assert told == [QueuePausing, QueuePaused], queue
    assert len(node.log.of(JobFinished)) == 2


def test_a_stop_waits_for_a_queue_that_was_pausing_already(config: Config, redis) -> None:
    """Verk's bug B24: its drainer waits for queues alone that run."""
    with running_node(config, queues={"q": 1}) as node:
        node.client.enqueue(Job(queue="q", class_="Waiting", args=[1]))
        node.jobs.gate.wait_started(1)
        node.system.ask(PauseQueue("q"))
        node.log.expect(QueuePausing, queue="q")
        stopped = node.system.stop(block=False)
        node.jobs.gate.open()
        stopped.get(timeout=20)
        node.log.expect(JobFinished)
        assert (redis.get("stat:processed"), redis.llen("queue:q")) == (b"1", 0)


def test_a_queue_of_one_worker_runs_one_job_at_a_time_and_another_as_many_as_it_has(config: Config) -> None:
    """Case 212."""
    with running_node(config, queues={"one": 1, "three": 3}) as node:
        for number in range(5):
            node.client.enqueue(Job(queue="one", class_="Waiting", args=[f"one {number}"]))
            node.client.enqueue(Job(queue="three", class_="Waiting", args=[f"three {number}"]))
        node.jobs.gate.wait_started(4)
        queues = node.status().queues
        assert (queues["one"].running, queues["three"].running) == (1, 3)
        assert (node.client.queue("one").count(), node.client.queue("three").count()) == (4, 2)
        node.jobs.gate.open()
        node.log.expect(JobFinished, 10)


def test_a_job_that_failed_is_not_shown_as_busy(config: Config, redis) -> None:
    """Case 213."""
    kit = JobKit()

    @worker(registry=kit.registry)
    def Fails() -> None:
        kit.gate.pass_through("fails")
        raise ValueError("bad")

    with running_node(attrs.evolve(config, node_id="n1"), kit, queues={"q": 1}) as node:
        node.client.enqueue(Job(queue="q", class_="Fails", args=[]))
        kit.gate.wait_started(1)
        node.whereis("presence").ask(Tick())
        assert redis.hlen("verk:process:n1:work") == 1
        kit.gate.open()
        node.log.expect(JobFailed)
        node.whereis("presence").ask(Tick())
        assert (redis.hlen("verk:process:n1:work"), redis.hget("verk:process:n1", "busy")) == (0, b"0")


def test_with_room_for_no_dead_job_none_is_kept(config: Config, redis) -> None:
    """Case 216: the dead set may be turned off."""
    with running_node(config, queues={"q": 1}, max_dead_jobs=0) as node:
        jid = node.client.enqueue(Job(queue="q", class_="Bad", args=[1], max_retry_count=0))
        node.log.expect(JobDead, jid=jid)
        assert (node.client.dead.count(), redis.keys("inprogress:*")) == (0, [])


def test_a_job_of_no_argument_and_one_of_three_run(config: Config) -> None:
    """Case 251."""
    kit, seen = JobKit(), []

    @worker(name="Mod::Sub", registry=kit.registry)
    def sub(*args: object) -> None:
        seen.append(args)

    with running_node(config, kit, queues={"q": 1}) as node:
        for args in ([], [1, "two", [3]]):
            node.client.enqueue(Job(queue="q", class_="Mod::Sub", args=args))
        node.log.expect(JobFinished, 2)
    assert seen == [(), (1, "two", [3])]
