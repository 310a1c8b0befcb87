"""Bytes of all kinds in the queue, the retry set and the schedule of a running node, with good jobs between them.

100,000 with `--long`.
"""

from __future__ import annotations

import json
import os
import random
from collections import Counter

import pytest
import redis as redis_py
from support.eventually import eventually
from support.nodes import Node, running_node
from support.payloads import malformed

from verk_actors.events import JobFailed, JobFinished, JobMalformed
from verk_actors.settings.config import Config
from verk_actors.wire.bookkeeping import restore

PAYLOADS = 100_000
SHORT_PAYLOADS = 1_500
AT_A_TIME = 500
GOOD_EACH = 10


def push(redis: redis_py.Redis, payloads: list[bytes], first_good: int) -> list[int]:
    """Spread payloads over the queue and both sets, with a good job after each ten; returns the keys of those."""
    pipe, keys = redis.pipeline(transaction=False), []
    for number, payload in enumerate(payloads):
        place = number % 3
        if number % GOOD_EACH == 0:
            keys.append(first_good + number)
            good = json.dumps({"class": "Good", "args": [keys[-1]], "queue": "q", "jid": f"good{keys[-1]}"}).encode()
            some = [payload, good]
        else:
            some = [payload]
        for one in some:
            if place == 0:
                pipe.lpush("queue:q", one)
            else:
                pipe.zadd("retry" if place == 1 else "schedule", {one: number})
    pipe.execute()
    return keys


def quiet(redis: redis_py.Redis) -> bool:
    """Whether nothing waits, is due, or runs."""
    due = redis.zcount("retry", "-inf", 1e9) + redis.zcard("schedule")
    return not due and not redis.exists("queue:q") and not redis.keys("inprogress:*")


def ended(node: Node, since: int) -> Counter[str]:
    """Count the runs that have ended, and what has been buried in place of one."""
    kinds = {JobFinished: "finished", JobFailed: "failed", JobMalformed: "malformed"}
    return Counter(kinds[type(event)] for event in node.log.events[since:] if type(event) in kinds)


def check(node: Node, redis: redis_py.Redis, payloads: list[bytes], goods: list[int], since: int) -> None:
    """See that each payload has run, or failed as a job, or is in the dead set to the byte, or waits in its queue."""
    dead = redis.zrange("dead", 0, -1)
    buried = Counter(restored for member in dead if (restored := restore(member)) is not None)
    elsewhere = sum(redis.llen(key) for key in redis.keys("queue:*"))
    assert buried <= Counter(payloads)
    runs = len(payloads) + len(goods) - buried.total() - elsewhere
    eventually(lambda: (done := ended(node, since))["finished"] + done["failed"] == runs, f"{runs} runs")
    no_jobs = sum(buried[payload] for payload in payloads[::3])
    eventually(lambda: ended(node, since)["malformed"] == no_jobs, f"{no_jobs} of the queue that are no jobs")
    failed = redis.zcard("retry") + sum(restore(member) is None for member in dead)
    assert failed <= ended(node, since)["failed"]  # some ask to be discarded
    assert all(node.jobs.runs["Good", key] == 1 for key in goods)


@pytest.mark.slow  # fifteen hundred payloads, most of them buried and logged
@pytest.mark.timeout(3600)
@pytest.mark.logs_errors("buried bytes of queue q that are no job")
def test_whatever_lies_in_a_queue_or_a_set_runs_or_is_buried_to_the_byte_and_good_jobs_between_run_once(
    config: Config, redis: redis_py.Redis, long: bool
) -> None:
    choice = random.Random(int(os.environ.get("VERK_TEST_SEED", "0")))
    with running_node(config, queues={"q": 4}, max_dead_jobs=1_000_000, max_restarts=0) as node:
        actors = node.children()
        for first in range(0, PAYLOADS if long else SHORT_PAYLOADS, AT_A_TIME):
            since = len(node.log.events)
            made = (malformed(choice, number) for number in range(first, first + AT_A_TIME))
            payloads = list(dict.fromkeys(made))  # two equal ones are one in a set
            goods = push(redis, payloads, first)
            eventually(lambda: quiet(redis), "quiet queues")
            check(node, redis, payloads, goods, since)
            assert node.children() == actors  # nobody has died
            redis.delete("retry", "dead", *redis.keys("queue:*"))
