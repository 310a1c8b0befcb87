"""Every job enqueued ends where it should, whatever happens to the actors meanwhile."""

from __future__ import annotations

import json
import os
import random
from collections import Counter

import pytest
from support.deliveries import settled
from support.eventually import eventually
from support.jobs import JobKit
from support.nodes import Node, running_node

from verk_actors.events import JobFailed, JobFinished
from verk_actors.otp import Ref
from verk_actors.settings.config import Config
from verk_actors.wire.bookkeeping import restore
from verk_actors.wire.job import Job

JOBS = 10_000


@pytest.mark.slow  # ten thousand jobs, a second or two
@pytest.mark.logs_errors("buried bytes")
def test_ten_thousand_jobs_of_mixed_fate_each_end_in_exactly_the_place_they_should(config: Config, redis) -> None:
    fates = ["Good", "Bad", "BadAtFirst", "dead", "malformed", "Exiting", "scheduled"]
    jobs = JobKit()
    jobs.retry_seconds = 3600.0  # by the curve, 18 s at first: less than this takes on a busy machine
    with running_node(config, jobs, queues={"a": 25, "b": 10}) as node:
        pipe = redis.pipeline(transaction=False)
        wanted: Counter[str] = Counter()
        for key in range(JOBS):
            fate = fates[key % len(fates)]
            wanted[fate] += 1
            queue = "ab"[key % 2]
            if fate == "malformed":
                pipe.lpush(f"queue:{queue}", f"{{no job {key}".encode())
            elif fate == "dead":
                node.client.enqueue(Job(queue=queue, class_="Bad", args=[key], max_retry_count=0))
            elif fate == "scheduled":
                node.client.schedule(Job(queue=queue, class_="Good", args=[key]), 0.1)
            else:
                node.client.enqueue(Job(queue=queue, class_=fate, args=[key]))
        pipe.execute()
        good = wanted["Good"] + wanted["scheduled"] + wanted["BadAtFirst"]
        bad = wanted["Bad"] + wanted["dead"] + wanted["Exiting"] + wanted["BadAtFirst"]
        node.log.expect(JobFinished, good)
        node.log.expect(JobFailed, bad)
        settled(redis)
        assert max(node.jobs.runs.values()) == 2
        assert all(runs == 1 for (class_, _), runs in node.jobs.runs.items() if class_ != "BadAtFirst")
        assert redis.zcard("retry") == wanted["Bad"] + wanted["Exiting"]
        assert redis.zcard("schedule") == 0
        dead = redis.zrange("dead", 0, -1)
        assert len(dead) == wanted["dead"] + wanted["malformed"]
        assert sum(restore(member) is not None for member in dead) == wanted["malformed"]
        retried = {json.loads(member)["args"][0] for member in redis.zrange("retry", 0, -1)}
        assert len(retried) == redis.zcard("retry")
        assert int(redis.get("stat:processed")) == good + bad
        assert int(redis.get("stat:failed")) == bad


@pytest.mark.slow  # dozens of crashes, each waited for
@pytest.mark.parametrize("seed", range(int(os.environ.get("VERK_TEST_SEEDS", "3"))))
def test_killing_any_actors_while_jobs_run_loses_no_job_and_runs_none_twice(
    config: Config, redis, seed: int, request: pytest.FixtureRequest
) -> None:
    choice = random.Random(seed)
    with running_node(config, queues={"a": 5, "b": 3}, max_restarts=1000) as node:
        enqueued = 0
        for _ in range(25):
            for _ in range(40):
                node.client.enqueue(Job(queue=choice.choice("ab"), class_="Good", args=[enqueued]))
                enqueued += 1
            victim = choice.choice(sorted(killable(node), key=str))
            victim.kill()
            node.successor(victim)
        eventually(lambda: node.jobs.runs.total() >= enqueued, "all runs")
        settled(redis)  # after that: a job counts as run before it has ended
        assert node.jobs.runs == {("Good", key): 1 for key in range(enqueued)}
        assert int(redis.get("stat:processed")) == enqueued
        assert redis.zcard("retry") == redis.zcard("dead") == 0


def killable(node: Node) -> set[Ref]:
    """Return all actors but the root, and the supervisors of queues, whose successors pause."""
    return {ref for ref in node.children() if not str(ref).endswith(".supervisor")}
