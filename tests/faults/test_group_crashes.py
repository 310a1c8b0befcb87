"""Each actor of a group of queues is struck while jobs run: none is lost and none runs twice."""

from __future__ import annotations

import random

import pytest
from support.crash_points import WHEN, MessagePoint, Mine
from support.eventually import eventually
from support.nodes import Node, running_node

from verk_actors.otp import Server
from verk_actors.settings.config import Config
from verk_actors.settings.groups import QueueGroup
from verk_actors.tree import messages as m
from verk_actors.tree.manager.queue.queue_manager import QueueManager
from verk_actors.tree.manager.queue.worker import Worker
from verk_actors.tree.manager.queue.workers_manager import WorkersManager
from verk_actors.wire.job import Job

ORDERS = {"strict": ["high", "low"], "weighted": {"high": 3, "low": 1}}
SETTINGS = {"max_restarts": 100_000, "shutdown_timeout_seconds": 5.0, "heartbeat_seconds": 1.0}
JOBS = 30


def group_node(config: Config, order: str):
    return running_node(config, groups={"web": QueueGroup(queues=ORDERS[order], size=3)}, **SETTINGS)  # type: ignore[arg-type]


def enqueue(node: Node, round_: int) -> None:
    for queue in ("low", "high"):
        node.client.enqueue_many(Job(queue=queue, class_="Good", args=[f"{queue} {round_} {n}"]) for n in range(JOBS))


def check(node: Node, redis, rounds: int, what: object) -> None:
    """Wait for the end of all jobs; each has run once, and is settled."""
    wanted = 2 * rounds * JOBS
    eventually(
        lambda: not redis.keys("inprogress:*") and int(redis.get("stat:processed") or 0) >= wanted,
        f"end of all jobs, {what}: {redis.get('stat:processed')} of {wanted}, {[*redis.keys('*')]}",
    )
    assert node.jobs.runs.total() == wanted == len(node.jobs.runs) == int(redis.get("stat:processed")), what


POINTS: list[tuple[type[Server], type]] = [
    (QueueManager, m.JobsEnded),
    (QueueManager, m.WorkersFree),
    (WorkersManager, m.JobsMoved),
    (Worker, m.Run),
]


@pytest.mark.parametrize("how", ["kill", pytest.param("raise", marks=pytest.mark.logs_errors("crashed: Planted"))])
@pytest.mark.parametrize("when", WHEN)
@pytest.mark.parametrize(("actor", "message"), POINTS)
def test_an_actor_of_a_group_that_dies_at_a_message_loses_and_repeats_nothing(
    config: Config, redis, actor: type[Server], message: type, when: str, how: str
) -> None:
    point = MessagePoint(actor, message, when)
    with group_node(config, "weighted") as node:
        mine = Mine(how, skip=2)
        with point.mined(mine):
            rounds = 0
            while not mine.fired.is_set() and rounds < 20:
                enqueue(node, rounds)
                rounds += 1
                check(node, redis, rounds, point)
        assert mine.fired.is_set(), f"nothing leads to {point}"
        enqueue(node, rounds)
        check(node, redis, rounds + 1, f"{point}, afterwards")


@pytest.mark.slow  # dozens of crashes, each waited for
@pytest.mark.parametrize("order", ORDERS)
def test_killing_any_actors_of_a_group_while_jobs_run_loses_no_job_and_runs_none_twice(
    config: Config, redis, long: bool, order: str
) -> None:
    choice = random.Random(order)
    rounds = 200 if long else 12
    with group_node(config, order) as node:
        for round_ in range(rounds):
            enqueue(node, round_)
            victims = (ref for ref in node.children() if str(ref).startswith(("web.", "high.", "low.")))
            victim = choice.choice(sorted((ref for ref in victims if str(ref) != "web.supervisor"), key=str))
            victim.kill()
            node.successor(victim)
        check(node, redis, rounds, order)
