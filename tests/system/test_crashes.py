"""Each actor of the tree dies while jobs run: it comes back by its strategy, no job is lost, none runs twice."""

from __future__ import annotations

import pytest
from support.eventually import eventually
from support.nodes import Node, running_node

from verk_actors.events import JobFailed, JobFinished, QueuePaused
from verk_actors.messages import AddQueue, PauseQueue
from verk_actors.otp import Cast, Ref
from verk_actors.otp.testing import ManualRuntime
from verk_actors.settings.config import Config
from verk_actors.tree import names
from verk_actors.wire.job import Job


def enqueue_waiting(node: Node, count: int, queue: str = "q") -> None:
    """Enqueue jobs that wait at the gate, and wait until all of them run."""
    for key in range(count):
        node.client.enqueue(Job(queue=queue, class_="Waiting", args=[key]))
    node.jobs.gate.wait_started(count)


def all_ran_once(node: Node, count: int) -> None:
    """Let the waiting jobs go; each must have run once, succeeded once, and left nothing behind."""
    node.jobs.gate.open()
    node.log.expect(JobFinished, count)
    node.log.expect(JobFinished, class_="Waiting")
    assert node.jobs.runs == {("Waiting", key): 1 for key in range(count)}


class Planted(Cast):
    """No actor has a handler for it."""


def end(ref: Ref, how: str) -> None:
    """Kill a process, or have it crash on a message that it has no handler for."""
    if how == "kill":
        ref.kill()
    else:
        ref.cast(Planted())
    ref.join(20)


NODE_WIDE = [
    names.GENERAL_CONNECTION,
    names.NODE_MANAGER,
    names.EVENT_PRODUCER,
    names.QUEUE_STATS,
    names.SCHEDULE_MANAGER,
    names.MANAGER,
    names.QUEUES_DRAINER,
]
OF_A_QUEUE = [names.queue_manager("q"), names.workers_manager("q")]


HOW = [pytest.param("kill"), pytest.param("crash", marks=pytest.mark.logs_errors("crashed: NotHandled"))]


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("name", [*NODE_WIDE, *OF_A_QUEUE])
def test_an_actor_that_dies_while_jobs_run_is_replaced_and_each_job_runs_once(
    config: Config, redis, name: str, how: str
) -> None:
    with running_node(config, queues={"q": 3}) as node:
        enqueue_waiting(node, 3)
        old = node.whereis(name)
        end(old, how)
        new = node.successor(old)
        assert new.pid != old.pid
        all_ran_once(node, 3)
        node.client.enqueue(Job(queue="q", class_="Good", args=["after"]))
        node.log.expect(JobFinished, class_="Good")
        eventually(lambda: not redis.keys("inprogress:*"), "empty in-progress list")
        assert int(redis.get("stat:processed")) == 4
        assert redis.zcard("retry") == 0


@pytest.mark.parametrize("how", HOW)
def test_a_worker_that_dies_idle_is_replaced(config: Config, how: str) -> None:
    with running_node(config, queues={"q": 1}) as node:
        old = node.whereis(names.worker("q", 1))
        end(old, how)
        node.successor(old)
        node.client.enqueue(Job(queue="q", class_="Good", args=[1]))
        node.log.expect(JobFinished)


def test_a_worker_that_is_killed_in_its_job_is_replaced_and_the_job_still_runs_once(config: Config, redis) -> None:
    with running_node(config, queues={"q": 1}) as node:
        enqueue_waiting(node, 1)
        old = node.whereis(names.worker("q", 1))
        old.kill()
        node.successor(old)
        assert node.status().abandoned == ("q.worker_1",)
        all_ran_once(node, 1)
        assert node.log.of(JobFailed) == []
        assert redis.zcard("retry") == 0


WORKERS_KILLED = pytest.mark.logs_errors("did not stop within")  # busy when their pool is stopped


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(names.queue_supervisor("q"), marks=WORKERS_KILLED),
        pytest.param(names.MANAGER_SUPERVISOR, marks=WORKERS_KILLED),
        names.worker_pool("q"),
    ],
)
def test_a_supervisor_that_dies_while_jobs_run_comes_back_and_the_jobs_run_once(
    config: Config, redis, name: str
) -> None:
    with running_node(config, queues={"q": 3}) as node:
        enqueue_waiting(node, 3)
        old = node.whereis(name)
        old.kill()
        node.successor(old)
        all_ran_once(node, 3)
        eventually(lambda: not redis.keys("inprogress:*"), "empty in-progress list")
        node.client.enqueue(Job(queue="q", class_="Good", args=["after"]))
        node.log.expect(JobFinished, class_="Good")


def test_a_manager_crash_forgets_neither_pauses_nor_added_queues(config: Config, redis) -> None:
    with running_node(config, queues={"q": 1}) as node:
        node.system.ask(AddQueue("added", 2))
        node.system.ask(PauseQueue("q"))
        node.log.expect(QueuePaused, queue="q")
        old = node.whereis(names.MANAGER)
        old.kill()
        node.successor(old)
        status = node.status().queues
        assert {queue: row.status for queue, row in status.items()} == {"q": "paused", "added": "idle"}
        old = node.whereis(names.MANAGER_SUPERVISOR)
        old.kill()
        node.successor(old)
        node.log.expect(QueuePaused, 2, queue="q")  # until then its new WorkersManager calls it pausing
        eventually(lambda: node.system.whereis(names.workers_manager("added")), "the added queue")
        node.client.enqueue(Job(queue="added", class_="Good", args=[1]))
        node.log.expect(JobFinished, queue="added")
        node.client.enqueue(Job(queue="q", class_="Good", args=[2]))
        assert node.status().queues["q"].status == "paused"
        assert redis.llen("queue:q") == 1


@pytest.mark.logs_errors("giving up")
def test_a_queue_past_its_intensity_is_shown_as_failed_and_comes_back_while_others_go_on(config: Config) -> None:
    runtime = ManualRuntime()  # in which it stays failed until time passes
    with running_node(config, runtime=runtime, queues={"bad": 1, "good": 1}) as node:
        others = {name: node.whereis(name).pid for name in [*NODE_WIDE, names.queue_supervisor("good")]}
        supervisor = node.whereis(names.queue_supervisor("bad"))
        while supervisor.is_alive():
            queue_manager = supervisor.whereis(names.queue_manager("bad"))
            if queue_manager is not None:
                queue_manager.kill()
        supervisor.join(20)
        eventually(lambda: node.status().queues["bad"].status == "failed", "failed queue")
        node.client.enqueue(Job(queue="good", class_="Good", args=[1]))
        node.log.expect(JobFinished, queue="good")
        node.client.enqueue(Job(queue="bad", class_="Good", args=[2]))
        runtime.advance(1.0)
        node.log.expect(JobFinished, queue="bad")
        assert {name: node.whereis(name).pid for name in others} == others
    runtime.close()


def test_two_managers_of_a_queue_that_die_at_once_lose_and_repeat_nothing(config: Config, redis) -> None:
    with running_node(config, queues={"q": 3}) as node:
        enqueue_waiting(node, 3)
        olds = [node.whereis(name) for name in OF_A_QUEUE]
        for old in olds:
            old.kill()
        for old in olds:
            node.successor(old)
        all_ran_once(node, 3)
        eventually(lambda: not redis.keys("inprogress:*"), "empty in-progress list")
