"""The runs of each job class, on the node and in Redis."""

from __future__ import annotations

from support.eventually import eventually
from support.nodes import Node, running_node

from verk_actors.events import JobFailed, JobFinished
from verk_actors.settings.config import Config
from verk_actors.tree import names
from verk_actors.tree.messages import Tick
from verk_actors.tree.tallies import Tallies
from verk_actors.wire.histogram import Histogram
from verk_actors.wire.job import Job

A_WHILE = 100.0  # seconds, for all jobs together: a busy machine may take some, and the time of day is far more


def run_some(node: Node) -> None:
    """Have five jobs run, and be counted."""
    for key in range(3):
        node.client.enqueue(Job(queue="q", class_="Good", args=[key]))
    node.client.enqueue(Job(queue="r", class_="Good", args=[3]))
    node.client.enqueue(Job(queue="q", class_="Bad", args=[1]))
    node.log.expect(JobFinished, 4)
    node.log.expect(JobFailed)
    eventually(lambda: sum(one.processed for one in node.status().classes.values()) == 5, "all runs")


def test_a_node_tells_how_often_each_class_has_run_and_for_how_long(config: Config) -> None:
    with running_node(config, queues={"q": 2, "r": 1}) as node:
        run_some(node)
        counts = node.status().classes
        assert (counts["Good"].processed, counts["Good"].failed) == (4, 0)
        assert counts["Good"].mean_seconds is not None
        assert 0 < counts["Good"].seconds < A_WHILE
        assert (counts["Bad"].processed, counts["Bad"].failed, counts["Bad"].mean_seconds) == (1, 1, None)
        assert counts["Good"].durations.total == 4


def test_a_queue_tells_how_long_the_jobs_of_each_class_took_and_waited(config: Config) -> None:
    with running_node(config, queues={"q": 2, "r": 1}) as node:
        run_some(node)
        queues = node.status().queues
        assert {queue: set(row.classes) for queue, row in queues.items()} == {"q": {"Good", "Bad"}, "r": {"Good"}}
        good, bad = queues["q"].classes["Good"], queues["q"].classes["Bad"]
        assert (good.finished, good.failed, good.durations.total, good.waits.total) == (3, 0, 3, 3)
        assert (bad.finished, bad.failed, bad.durations.total, bad.waits.total) == (0, 1, 0, 1)
        assert 0 < good.seconds < A_WHILE
        assert 0 < good.waited_seconds < A_WHILE


def test_what_a_crash_of_the_counter_left_untold_is_told_by_its_successor_and_once(config: Config) -> None:
    with running_node(config, queues={"q": 2, "r": 1}) as node:
        run_some(node)
        old = node.whereis(names.QUEUE_STATS)
        old.kill()
        node.successor(old).cast(Tick())
        eventually(node.client.recent_classes.last, "what the first had counted")
        node.system.stop()
        assert node.client.recent_classes.last()["Good"].processed == 4
        assert Histogram.sum(node.client.recent_classes.durations("Good", 10)).total == 4


def test_classes_are_counted_up_to_a_thousand() -> None:
    tallies = Tallies()
    for number in range(1000):
        assert tallies.of("q", str(number)) is not None
    assert tallies.of("q", "one more") is None
    assert tallies.of("q", "7") is tallies.of("q", "7")


def test_a_stop_leaves_them_in_redis_counted_once(config: Config) -> None:
    with running_node(config, queues={"q": 2, "r": 1}) as node:
        run_some(node)
        assert node.client.recent_classes.last() == {}
        stats = node.whereis(names.QUEUE_STATS)
        stats.cast(Tick())
        eventually(node.client.recent_classes.last, "what the timer would have told")
        node.client.enqueue(Job(queue="q", class_="Good", args=[5]))
        node.log.expect(JobFinished, 5)
        node.system.stop()
        found = node.client.recent_classes.last()
        assert {name: (one.processed, one.failed) for name, one in found.items()} == {"Good": (5, 0), "Bad": (1, 1)}
        assert node.client.recent_classes.last(72 * 60) == found
