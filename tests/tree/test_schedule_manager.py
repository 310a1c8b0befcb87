"""Retries and scheduled jobs come to their queues when they are due."""

from __future__ import annotations

import json

from support.eventually import eventually
from support.nodes import running_node

from verk_actors.client import Client
from verk_actors.otp.testing import ManualRuntime
from verk_actors.settings.config import Config
from verk_actors.wire.bookkeeping import restore
from verk_actors.wire.job import Job


def script_calls(redis) -> int:
    """Return how many scripts have been called, by Redis' own count."""
    return int(redis.info("commandstats")["cmdstat_evalsha"]["calls"])


def test_an_hour_of_polling_costs_720_looks_and_about_a_second(config: Config, redis) -> None:
    runtime = ManualRuntime()
    with running_node(config, runtime=runtime, poll_interval_seconds=5.0, heartbeat_seconds=36_000.0, presence=False):
        runtime.advance(5)
        redis.config_resetstat()
        runtime.advance(3600)
        # two sets, and the LimitManager's look every 15 s; and the CronManager's, up to 50 ms later
        assert 2 * 720 + 479 <= script_calls(redis) <= 2 * 720 + 480


def test_many_due_jobs_are_moved_page_by_page_with_the_bad_ones_buried(config: Config, redis) -> None:
    pipe = redis.pipeline()
    for key in range(1200):
        pipe.zadd("retry", {json.dumps({"class": "Good", "args": [key], "queue": "q"}): key})
    pipe.zadd("retry", {b"{no job": 3, b'{"class":"Good","args":[1]}': 5})
    pipe.execute()
    with running_node(config, queues={"q": 25}) as node:
        eventually(lambda: node.jobs.runs.total() == 1200, "all runs")
        assert redis.zcard("retry") == 0
        buried = {restore(member) for member in redis.zrange("dead", 0, -1)}
        assert buried == {b"{no job", b'{"class":"Good","args":[1]}'}


def test_a_job_that_is_due_soon_does_not_wait_for_the_next_poll(config: Config) -> None:
    with Client(config) as client:
        client.schedule(Job(queue="q", class_="Good", args=["later"]), 3600)
        client.schedule(Job(queue="q", class_="Good", args=["soon"]), 0.5)
    with running_node(config, queues={"q": 1}, poll_interval_seconds=3600.0) as node:
        eventually(lambda: node.jobs.order == ["soon"], "the job's run")
