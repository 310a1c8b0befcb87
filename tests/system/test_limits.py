"""Limits of classes and queues in running nodes: how many jobs run at a time, who waits, and who does not."""

from __future__ import annotations

import threading
from collections import Counter

import attrs
import pytest
from support.eventually import eventually
from support.jobs import JobKit
from support.nodes import Node, running_node

from verk_actors.errors import ConfigError
from verk_actors.events import JobFailed, JobFinished
from verk_actors.jobs.job_class import worker
from verk_actors.messages import AddQueue, PauseQueue, RemoveQueue, ResumeQueue
from verk_actors.settings.config import Config
from verk_actors.settings.groups import QueueGroup
from verk_actors.settings.limit import Limit
from verk_actors.settings.queues import QueueConfig
from verk_actors.tree.actor_system import ActorSystem
from verk_actors.wire.job import Job

TWO = Limit("two", concurrency=2)


class Meter:
    """A registry of classes whose runs are counted: how many there are at a time, for each first argument."""

    def __init__(self) -> None:
        self.kit = JobKit()
        self._lock = threading.Lock()
        self._running: Counter[object] = Counter()
        self.most: Counter[object] = Counter()
        self.runs: Counter[object] = Counter()
        self.order: list[object] = []

    def add(self, name: str, *limits: Limit, fails: bool = False) -> None:
        """Register a class."""

        def perform(key: object = None, number: object = None) -> None:
            with self._lock:
                self.order.append(number)
                self.runs[key] += 1
                self._running[key] += 1
                self.most[key] = max(self.most[key], self._running[key])
            threading.Event().wait(0.002)
            with self._lock:
                self._running[key] -= 1
            if fails and self.runs[key] <= 5:
                raise ValueError("the first five fail")

        worker(name=name, registry=self.kit.registry, limits=limits)(perform)


def jobs(count: int, *args: object, class_: str = "Limited", queue: str = "q") -> list[Job]:
    return [Job(class_=class_, args=[*args], queue=queue) for _ in range(count)]


def expect_end(node: Node, redis, count: int) -> None:
    """Wait for the end of jobs, after which nothing is held, and nobody waits."""
    node.log.expect(JobFinished, count)
    eventually(lambda: not redis.keys("verk:limit[:@]*"), f"end of all limits: {redis.keys('verk:limit*')}")


def test_no_more_jobs_run_at_a_time_than_the_limit_says_wherever_they_are_enqueued(config: Config, redis) -> None:
    meter = Meter()
    meter.add("Limited", TWO)
    meter.add("Other", TWO)
    queues = {"q": QueueConfig(size=8, prefetch=20), "r": 4, "s": QueueConfig(size=4, limits=[TWO])}  # type: ignore[arg-type]
    with running_node(config, meter.kit, queues=queues) as node:
        node.client.enqueue_many(jobs(30) + jobs(10, class_="Other", queue="r") + jobs(10, class_="Good", queue="s"))
        node.client.enqueue_many(jobs(10, class_="Other"))
        expect_end(node, redis, 60)
    assert meter.most[None] <= 2


def test_jobs_without_room_keep_no_worker_from_others_of_their_queue(config: Config, redis) -> None:
    meter = Meter()
    worker(name="Held", registry=meter.kit.registry, limits=Limit("one", concurrency=1))(meter.kit.gate.pass_through)
    with running_node(config, meter.kit, queues={"q": 2}) as node:
        node.client.enqueue_many(jobs(150, 1, class_="Held"))
        node.client.enqueue_many(jobs(20, class_="Good"))
        node.log.expect(JobFinished, 20, class_="Good")

        assert (meter.kit.gate.started.total(), redis.zcard("verk:limit:one:waiting")) == (1, 149)
        meter.kit.gate.open()
        expect_end(node, redis, 170)


def test_a_key_is_the_value_of_an_argument_and_several_limits_hold_together(config: Config, redis) -> None:
    meter = Meter()
    meter.add("Limited", Limit("all", concurrency=3), Limit("each", concurrency=1, key="key"))
    with running_node(config, meter.kit, queues={"q": 8}) as node:
        node.client.enqueue_many([job for _ in range(10) for key in "abcde" for job in jobs(1, key)])
        expect_end(node, redis, 50)
    assert dict(meter.most) == dict.fromkeys("abcde", 1)


def test_those_that_wait_run_in_the_order_of_their_enqueues(config: Config, redis) -> None:
    meter = Meter()
    meter.add("Limited", Limit("one", concurrency=1))
    with running_node(config, meter.kit, queues={"q": 5}) as node:
        for number in range(30):
            node.client.enqueue(*jobs(1, None, number))
        expect_end(node, redis, 30)
    assert meter.order == list(range(30))


def test_a_failed_run_gives_its_slot_back_and_the_retry_asks_again(config: Config, redis) -> None:
    meter = Meter()
    meter.add("Limited", Limit("one", concurrency=1), fails=True)
    with running_node(config, meter.kit, queues={"q": 5}, backoff=lambda *_: 0.0) as node:
        node.client.enqueue_many(jobs(12))
        expect_end(node, redis, 12)
        assert len(node.log.of(JobFailed)) == 5
    assert meter.most[None] == 1


def test_a_rate_starts_no_more_than_it_says(config: Config, redis) -> None:
    meter = Meter()
    meter.add("Limited", Limit("rate", rate=20, period_seconds=0.2, burst=5))
    workers = 4  # each may begin late, on a busy machine, what the limit let start before
    with running_node(config, meter.kit, queues={"q": workers}) as node:
        node.client.enqueue_many(jobs(40))
        finished = node.log.expect(JobFinished, 40)
        eventually(lambda: not redis.keys("verk:limit[:@]*"), "end of all limits")
    starts = sorted(event.started_at for event in finished)
    for first, later in ((0, 10), (5, 30), (0, 39)):
        seconds = (later - first - 5 - workers) / 100
        assert starts[later] - starts[first] >= seconds - 0.05  # by the clocks of two programs


def test_a_group_and_a_pause_and_a_removal_go_together_with_limits(config: Config, redis) -> None:
    meter = Meter()
    meter.add("Limited", TWO)
    group = QueueGroup(queues={"a": 2, "b": 1}, size=4)
    with running_node(config, meter.kit, queues={"q": 4}, groups={"web": group}) as node:
        node.client.enqueue_many([job for queue in "abq" for job in jobs(15, queue=queue)])
        node.system.ask(PauseQueue("q"))
        node.log.expect(JobFinished, 20)
        node.system.ask(ResumeQueue("q"))
        expect_end(node, redis, 45)
        node.system.ask(RemoveQueue("q"))
    assert meter.most[None] <= 2


@pytest.mark.parametrize("payload", [b'{"class":"Limited","args":[]}', b'{"class":"Limited","args":[],"queue":"x"}'])
def test_a_job_that_does_not_tell_its_queue_comes_back_to_it(config: Config, redis, payload: bytes) -> None:
    meter = Meter()
    meter.add("Limited", Limit("one", concurrency=1))
    with running_node(config, meter.kit, queues={"q": 4}) as node:
        redis.lpush("queue:q", *[payload] * 5)
        expect_end(node, redis, 5)
        assert len(node.log.of(JobFinished, queue="q")) == 5


def test_a_queue_that_means_something_else_by_a_name_is_refused(config: Config, redis) -> None:
    meter = Meter()
    meter.add("Limited", TWO)
    other = QueueConfig(size=1, limits=Limit("two", concurrency=3))  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="two, 3 at a time"):
        ActorSystem.start(attrs.evolve(config, queues={"q": other}), meter.kit.registry)
    with running_node(config, meter.kit, queues={"q": 1}) as node, pytest.raises(ConfigError, match="2 at a time"):
        node.system.ask(AddQueue("other", other))


@pytest.mark.logs_errors("WRONGTYPE verk:limit:two:slots holds a string, where a hash should be")
def test_a_key_that_another_program_wrote_holds_up_the_jobs_of_that_limit_alone_and_loses_none(
    config: Config, redis
) -> None:
    meter = Meter()
    meter.add("Limited", TWO)
    redis.set("verk:limit:two:slots", "not ours")
    with running_node(config, meter.kit, queues={"q": 4}, poll_interval_seconds=0.05) as node:
        node.client.enqueue_many(jobs(10) + jobs(10, class_="Good"))
        node.log.expect(JobFinished, 10, class_="Good")
        eventually(lambda: node.client.scheduled.count() == 10, "those of the limit are to come again")

        redis.delete("verk:limit:two:slots")
        node.client.scheduled.requeue_all()
        expect_end(node, redis, 20)
