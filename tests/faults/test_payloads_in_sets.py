"""What lies in the retry set and the schedule: bad members, odd scores, clocks that are wrong, and crowds."""

from __future__ import annotations

import json
from contextlib import closing

import pytest
import redis as redis_py
from support.clocks import ShiftedClock
from support.eventually import eventually
from support.nodes import Node, running_node

from verk_actors.errors import StoreError
from verk_actors.events import JobFailed, JobFinished
from verk_actors.otp import Runtime
from verk_actors.settings.config import Config
from verk_actors.wire.bookkeeping import restore
from verk_actors.wire.job import Job

HOUR_SECONDS = 3600.0
FIRST_CURVE_SECONDS = (18.0, 76.0)  # Verk's curve for the first failure
BAD_MEMBERS = [
    b"{no job", b"5", b"null", b"", b"\xff\xfe", b'{"class":"Good","args":[1]}',
    b'{"class":"Good","args":[NaN],"queue":"q"}', b'{"class":"Good","queue":"q"}',
    b'{"class":"Good","args":[1],"queue":""}', b"[" * 100_000,
]  # fmt: skip


def member(key: object, class_: str = "Good", queue: str = "q") -> bytes:
    return json.dumps({"class": class_, "args": [key], "queue": queue, "jid": f"j{key}"}).encode()


def wait_for_runs(node: Node, count: int) -> None:
    """Wait as long as there is progress; forgets events meanwhile, of which there may be millions."""
    while (done := node.jobs.runs.total()) < count:
        eventually(lambda done=done: node.jobs.runs.total() > done, "another run")
        node.log.events.clear()


@pytest.mark.parametrize("name", ["retry", "schedule"])
def test_bad_members_at_the_head_of_a_set_are_buried_to_the_byte_and_hold_up_nothing(
    config: Config, redis: redis_py.Redis, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    redis.zadd(name, dict.fromkeys(BAD_MEMBERS, 1) | {member(key): 2 for key in range(10)})
    with running_node(config, queues={"q": 2}) as node:
        wait_for_runs(node, 10)
        eventually(lambda: redis.zcard(name) == 0, "an empty set")
        assert sorted(map(restore, redis.zrange("dead", 0, -1)), key=str) == sorted(BAD_MEMBERS, key=str)
    assert f"{len(BAD_MEMBERS)} members of retry or schedule were no jobs and are dead now" in caplog.text


def test_a_score_of_minus_infinity_is_due_and_one_of_infinity_never(config: Config, redis: redis_py.Redis) -> None:
    redis.zadd("schedule", {member("now"): "-inf", member("never"): "inf", member("old"): -5, member("far"): 1e308})
    with running_node(config, queues={"q": 1}) as node:
        wait_for_runs(node, 2)
        assert node.jobs.order == ["now", "old"]
        assert [(job.args, score) for job, score in node.client.scheduled.range_with_score()] == [
            (["far"], 1e308),
            (["never"], float("inf")),
        ]
    with pytest.raises(redis_py.ResponseError, match="not a valid float"):
        redis.zadd("schedule", {member("NaN"): "nan"})


def test_a_job_cannot_be_given_a_time_that_is_none(config: Config) -> None:
    with running_node(config) as node, pytest.raises(StoreError, match="not a valid float"):
        node.client.scheduled.add(member(1), float("nan"))


@pytest.mark.parametrize("off_by_seconds", [HOUR_SECONDS, -HOUR_SECONDS], ids=["an hour fast", "an hour slow"])
def test_with_a_wrong_clock_jobs_are_due_by_the_clock_of_redis(
    config: Config, redis: redis_py.Redis, off_by_seconds: float
) -> None:
    redis_now = float(redis.time()[0])
    redis.zadd("schedule", {member("due"): redis_now - 1, member("not due"): redis_now + HOUR_SECONDS / 2})
    with (
        closing(Runtime(clock=ShiftedClock(off_by_seconds))) as runtime,
        running_node(config, runtime=runtime, queues={"q": 1}) as node,
    ):
        wait_for_runs(node, 1)
        assert node.jobs.order == ["due"]
        assert redis.zcard("schedule") == 1


@pytest.mark.slow  # a heartbeat is waited for
@pytest.mark.parametrize("jump_seconds", [HOUR_SECONDS, -HOUR_SECONDS], ids=["forward", "back"])
def test_a_clock_that_jumps_while_jobs_run_costs_neither_the_lease_nor_a_job(
    config: Config, redis: redis_py.Redis, jump_seconds: float
) -> None:
    clock = ShiftedClock(0.0)
    with (
        closing(Runtime(clock=clock)) as runtime,
        # Nobody looks at the retry set meanwhile: with the clock set back, a retry is due by that of Redis at once.
        running_node(
            config, runtime=runtime, queues={"q": 2}, heartbeat_seconds=2.0, poll_interval_seconds=60.0
        ) as node,
    ):
        node.client.enqueue(Job(queue="q", class_="Waiting", args=["across"]))
        node.jobs.gate.wait_started(1)
        lease = f"verk:node:{node.config.node_id}"
        token = redis.get(lease)
        clock.off_by_seconds = jump_seconds
        eventually(lambda: redis.pttl(lease) < 3000, "a lease grown old")
        eventually(lambda: redis.pttl(lease) > 3000, "a heartbeat after the jump")
        node.jobs.gate.open()
        node.client.enqueue(Job(queue="q", class_="Bad", args=["after"]))
        node.log.expect(JobFinished)
        (failed,) = node.log.expect(JobFailed)
        ((_, score),) = redis.zrange("retry", 0, -1, withscores=True)
        assert FIRST_CURVE_SECONDS[0] <= score - failed.failed_at <= FIRST_CURVE_SECONDS[1]
        assert redis.get(lease) == token
        assert node.jobs.gate.started["across"] == 1


@pytest.mark.slow  # five thousand jobs; a million with --long
@pytest.mark.timeout(1800)
def test_very_many_jobs_that_are_due_at_once_all_run_in_pages_that_hold_up_nobody(
    config: Config, redis: redis_py.Redis, long: bool
) -> None:
    count = 1_000_000 if long else 5_000
    for first in range(0, count, 5_000):
        redis.zadd("schedule", {member(key): key for key in range(first, first + 5_000)})
    redis.config_resetstat()
    with running_node(config, queues={"q": 10}) as node:
        token = node.state.own_server.lease.token
        wait_for_runs(node, count)
        assert set(node.jobs.runs.values()) == {1}
        assert redis.zcard("schedule") == redis.llen("queue:q") == 0
        assert redis.info("commandstats")["cmdstat_zrangebyscore"]["calls"] >= count / 500
        assert node.state.own_server.lease.token == token  # no heartbeat came too late


@pytest.mark.slow  # three thousand jobs; a hundred thousand with --long
@pytest.mark.timeout(600)
def test_very_many_jobs_of_a_dead_node_are_all_rescued_and_run_once_each(
    config: Config, redis: redis_py.Redis, long: bool
) -> None:
    count = 100_000 if long else 3_000
    redis.sadd("verk_nodes", "dead-1")
    redis.sadd("verk:node:dead-1:queues", "q")
    for first in range(0, count, 1_000):
        redis.lpush("inprogress:q:dead-1", *[member(key) for key in range(first, first + 1_000)])
    with running_node(config, queues={"q": 1}, heartbeat_seconds=0.3) as node:
        wait_for_runs(node, count)
        assert set(node.jobs.runs.values()) == {1}
        eventually(lambda: not redis.exists("inprogress:q:dead-1"), "an empty list")
        eventually(lambda: redis.smembers("verk_nodes") == {node.config.node_id.encode()}, "one node")
