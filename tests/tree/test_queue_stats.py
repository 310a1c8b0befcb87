"""The live view of a node's queues."""

from __future__ import annotations

from support.eventually import eventually
from support.nodes import Node, running_node

from verk_actors.events import JobFailed, JobFinished
from verk_actors.messages import AddQueue, RemoveQueue
from verk_actors.settings.config import Config
from verk_actors.status import QueueStatus
from verk_actors.tree import names
from verk_actors.tree.messages import EndedRuns, RunsEnded
from verk_actors.wire.job import Job


def shows(node: Node, queue: str, **fields: object) -> QueueStatus:
    """Wait until a queue's status has these values."""

    def look() -> QueueStatus | None:
        status = node.status().queues[queue]
        return status if all(getattr(status, name) == value for name, value in fields.items()) else None

    return eventually(look, f"{queue} with {fields}")


def test_each_queue_counts_its_own_finished_and_failed_jobs(config: Config) -> None:
    with running_node(config, queues={"a": 2, "b": 2}) as node:
        for key in range(3):
            node.client.enqueue(Job(queue="a", class_="Good", args=[key]))
        node.client.enqueue(Job(queue="b", class_="Bad", args=[1]))
        node.log.expect(JobFinished, 3)
        node.log.expect(JobFailed)
        shows(node, "a", finished=3, failed=0)
        shows(node, "b", finished=0, failed=1)


def test_a_queue_is_idle_only_while_nothing_runs(config: Config) -> None:
    with running_node(config, queues={"q": 2}) as node:
        shows(node, "q", status="idle", running=0)
        node.client.enqueue(Job(queue="q", class_="Waiting", args=[1]))
        node.jobs.gate.wait_started(1)
        shows(node, "q", status="running", running=1)
        node.jobs.gate.open()
        shows(node, "q", status="idle", running=0, finished=1)
        node.client.enqueue(Job(queue="q", class_="Good", args=[2]))
        shows(node, "q", status="idle", finished=2)


def test_a_crash_of_the_counter_neither_breaks_the_status_nor_resets_it(config: Config, redis) -> None:
    with running_node(config, queues={"q": 2}) as node:
        node.client.enqueue(Job(queue="q", class_="Good", args=[1]))
        shows(node, "q", finished=1)
        old = node.whereis(names.QUEUE_STATS)
        old.kill()
        node.successor(old)
        assert node.status().queues["q"].finished == 1
        node.client.enqueue(Job(queue="q", class_="Good", args=[2]))
        shows(node, "q", finished=2)
        assert int(redis.get("stat:processed:q")) == 2


def test_the_totals_in_redis_are_exact_at_the_moment_of_a_stop(config: Config, redis) -> None:
    with running_node(config, queues={"q": 5}) as node:
        for key in range(100):
            node.client.enqueue(Job(queue="q", class_="Good", args=[key]))
        node.log.expect(JobFinished)
        node.system.stop()
        assert int(redis.get("stat:processed")) == node.jobs.runs.total() == 100 - redis.llen("queue:q")


def test_a_queue_that_was_removed_and_added_again_counts_anew(config: Config) -> None:
    with running_node(config, queues={"q": 1}) as node:
        node.client.enqueue(Job(queue="q", class_="Good", args=[1]))
        shows(node, "q", finished=1)
        node.system.ask(RemoveQueue("q"), timeout=10)
        late = {"Late": EndedRuns(finished=[(None, 1.0, 2.0)])}
        node.whereis(names.QUEUE_STATS).cast(RunsEnded("q", late, fenced=1))
        eventually(lambda: node.state.tallies.by_class().get("Late"), "late run")
        node.system.ask(AddQueue("q", 1), timeout=10)
        shows(node, "q", finished=0)


def test_a_job_that_ends_when_it_is_no_longer_this_nodes_is_counted_as_fenced(config: Config, redis) -> None:
    with running_node(config, queues={"q": 2}) as node:
        node.client.enqueue(Job(queue="q", class_="Waiting", args=[1]))
        node.jobs.gate.wait_started(1)
        redis.delete(f"inprogress:q:{node.config.node_id}")  # as a peer does that takes the node for dead
        node.jobs.gate.open()
        shows(node, "q", finished=0, failed=0, fenced=1)


def test_jobs_count_of_which_no_listener_wants_to_hear(config: Config) -> None:
    with running_node(config, queues={"q": 2}) as node:
        node.state.listeners.clear()
        node.client.enqueue(Job(queue="q", class_="Good", args=[1]))
        node.client.enqueue(Job(queue="q", class_="Bad", args=[1]))
        shows(node, "q", finished=1, failed=1)
        assert node.log.events == []
