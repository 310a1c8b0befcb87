"""Queues are added, removed, paused and resumed from several threads at random while jobs flow."""

from __future__ import annotations

import random
import threading
from collections import Counter

import pytest
from support.eventually import eventually
from support.nodes import Node, running_node

from verk_actors.errors import QueueAlreadyAdded, QueueNotFound
from verk_actors.messages import AddQueue, PauseQueue, RemoveQueue, ResumeQueue
from verk_actors.otp import ActorDeadError, NoProcess
from verk_actors.settings.config import Config
from verk_actors.wire.job import Job

QUEUES = ("a", "b", "c", "d")
THREADS = 4
JOBS_PER_OPERATION = 2


class Operator:
    """One thread's random operations; what they may answer with is that somebody else was first."""

    def __init__(self, node: Node, seed: int, count: int) -> None:
        self._node = node
        self._random = random.Random(seed)
        self._count = count
        self.enqueued: list[tuple[str, str]] = []  # queue and key
        self.errors: list[BaseException] = []
        self.done: Counter[str] = Counter()
        self.thread = threading.Thread(target=self._run, args=(seed,), name=f"operator-{seed}")

    def _run(self, seed: int) -> None:
        try:
            for number in range(self._count):
                self._operate()
                for _ in range(JOBS_PER_OPERATION):
                    queue, key = self._random.choice(QUEUES), f"{seed}-{number}-{_}"
                    self._node.client.enqueue(Job(queue=queue, class_="Good", args=[key]))
                    self.enqueued.append((queue, key))
        except BaseException as error:  # told to the test by its thread
            self.errors.append(error)

    def _operate(self) -> None:
        queue = self._random.choice(QUEUES)
        make = self._random.choice([AddQueue, RemoveQueue, PauseQueue, PauseQueue, ResumeQueue, ResumeQueue])
        message = AddQueue(queue, 2) if make is AddQueue else make(queue)
        try:
            self._node.system.ask(message, timeout=30)
            self.done[make.__name__] += 1
        except (QueueAlreadyAdded, QueueNotFound) as error:
            self.done[type(error).__name__] += 1


@pytest.mark.slow  # hundreds of queues come and go
@pytest.mark.timeout(900)
def test_random_operations_from_many_threads_lose_no_job_and_end_in_the_state_asked_for(
    config: Config, redis, long: bool
) -> None:
    operations = 10_000 if long else 160
    with running_node(config, queues={"a": 2, "b": 2}) as node:
        operators = [Operator(node, seed, operations // THREADS) for seed in range(THREADS)]
        for operator in operators:
            operator.thread.start()
        for operator in operators:
            operator.thread.join(800)
            assert not operator.thread.is_alive(), "an operation is stuck"
        assert [operator.errors for operator in operators] == [[]] * THREADS
        assert sum((operator.done for operator in operators), Counter()).total() == operations
        _bring_to_the_same_state(node)
        enqueued = [one for operator in operators for one in operator.enqueued]
        _conserved(node, redis, enqueued)
        for queue in ("c", "d"):
            node.system.ask(ResumeQueue(queue))
        eventually(lambda: not redis.keys("queue:*") and not redis.keys("inprogress:*"), "an end of all jobs")
        assert node.jobs.runs == {("Good", key): 1 for _, key in enqueued}


def _bring_to_the_same_state(node: Node) -> None:
    """Have a and b run and c and d paused, whatever they were; the node must show, and be, just that."""
    for queue in QUEUES:
        if queue not in node.status().queues:
            node.system.ask(AddQueue(queue, 2))
        node.system.ask((ResumeQueue if queue in "ab" else PauseQueue)(queue))

    def shown() -> bool:
        rows = node.status().queues
        return set(rows) == set(QUEUES) and all(
            rows[queue].status in (("idle", "running") if queue in "ab" else ("paused",)) for queue in QUEUES
        )

    eventually(shown, "the state asked for")


def _conserved(node: Node, redis, enqueued: list[tuple[str, str]]) -> None:
    """What the paused queues hold waits, and all else has run once; jobs that come now are treated so too."""
    eventually(lambda: not redis.llen("queue:a") and not redis.llen("queue:b"), "an end of the running queues' jobs")
    eventually(lambda: not redis.keys("inprogress:*"), "empty in-progress lists")
    waiting = redis.llen("queue:c") + redis.llen("queue:d")
    assert len(node.jobs.runs) + waiting == len(enqueued)
    runs = node.jobs.runs.total()
    for queue in ("c", "d"):
        node.client.enqueue(Job(queue=queue, class_="Good", args=[f"late-{queue}"]))
        enqueued.append((queue, f"late-{queue}"))
    node.client.enqueue(Job(queue="a", class_="Good", args=["last"]))
    enqueued.append(("a", "last"))
    eventually(lambda: node.jobs.runs["Good", "last"], "a job of a queue that runs")
    assert node.jobs.runs.total() == runs + 1
    assert redis.llen("queue:c") + redis.llen("queue:d") == waiting + 2


@pytest.mark.slow  # a stop in the middle of it, several times
def test_a_stop_in_the_middle_of_random_operations_loses_no_job(config: Config, redis, long: bool) -> None:
    for seed in range(50 if long else 5):
        redis.flushall()
        with running_node(config, queues={"a": 2, "b": 2}) as node:
            operators = [StoppedOperator(node, 100 * seed + number, 100) for number in range(THREADS)]
            for operator in operators:
                operator.thread.start()
            eventually(lambda operators=operators: all(one.done.total() > 5 for one in operators), "operations")
            node.system.stop()
            for operator in operators:
                operator.thread.join(30)
            assert [operator.errors for operator in operators] == [[]] * THREADS
            waiting = sum(redis.llen(f"queue:{queue}") for queue in QUEUES)
            enqueued = sum(len(operator.enqueued) for operator in operators)
            assert len(node.jobs.runs) + waiting == enqueued
            assert node.jobs.runs.total() == len(node.jobs.runs)
            assert not redis.keys("inprogress:*")
            assert not redis.keys("verk:node:*")


class StoppedOperator(Operator):
    """Goes on operating on a node that stops, until it is told that it is dead."""

    def _operate(self) -> None:
        try:
            super()._operate()
        except (ActorDeadError, NoProcess):
            self.done["dead"] += 1
