"""What dead nodes have left is brought back: by a node that comes late, and by the next one if the rescuer dies too."""

from __future__ import annotations

import signal
from collections import Counter

import pytest
import redis as redis_py
from support.commands import RunningNode, wait_pushed
from support.eventually import eventually
from support.proxy import cutting_proxy

from verk_actors.cli.chaos.proxy_control import Rule
from verk_actors.client import Client
from verk_actors.settings.config import Config
from verk_actors.store.scripts import RESCUE
from verk_actors.wire.codec import encode
from verk_actors.wire.job import Job

pytestmark = pytest.mark.slow  # nodes are started and killed, each an interpreter
SHORT = {"VERK_HEARTBEAT_SECONDS": "0.3"}
BATCH = 500
NEVER_USED_UP = 1_000_000


def leave_in_progress(redis: redis_py.Redis, node: str, jobs: int) -> list[str]:
    """Leave jobs as a dead node does; returns what they will write when they run."""
    payloads = [encode(Job(queue="default", class_="Note", args=[key]), wire_format="sidekiq") for key in range(jobs)]
    redis.sadd("verk_nodes", node)
    redis.sadd(f"verk:node:{node}:queues", "default")
    redis.lpush(f"inprogress:default:{node}", *payloads)
    return [str(key) for key in range(jobs)]


def test_when_all_nodes_have_died_one_that_comes_later_brings_their_jobs_back(tmp_path, redis_url, redis):
    with Client(Config(redis_url=redis_url)) as client:
        for key in range(12):
            client.enqueue(Job(class_="Wait", args=[key]))
    with (
        RunningNode(tmp_path, redis_url, "--node-id", "a", queue="default:4") as a,
        RunningNode(tmp_path, redis_url, "--node-id", "b", queue="default:4") as b,
    ):
        wait_pushed(redis, "started", 8)
        for node in (a, b):
            node.send(signal.SIGKILL)
            node.exit_code()
    for name in "ab":  # their leases end; short ones could do so while both live, and one would rescue the other
        redis.pexpire(f"verk:node:{name}", 1)
    eventually(lambda: not redis.exists("verk:node:a", "verk:node:b"), "the end of their leases")

    with RunningNode(tmp_path, redis_url, "--node-id", "c", queue="default:12", **SHORT) as node:
        redis.rpush("gate", *range(12))
        ran = wait_pushed(redis, "ran", 12)
        eventually(lambda: redis.smembers("verk_nodes") == {b"c"}, "the dead ones are forgotten")
        node.expect("4 jobs of dead node", 2)
        node.send(signal.SIGTERM)
        assert node.exit_code() == 0

    assert Counter(ran) == Counter(map(str, range(12)))
    assert not redis.keys("inprogress:*")
    assert not redis.exists("queue:default", "retry", "dead")


def test_a_rescue_whose_rescuer_dies_between_two_batches_is_ended_by_the_next(tmp_path, redis_url, redis):
    keys = leave_in_progress(redis, "gone", 4 * BATCH)
    redis.script_load(RESCUE.text)  # else the first request of it would only tell that it is not there
    with cutting_proxy(redis_url.removeprefix("unix://").partition("?")[0]) as proxy:
        proxy.rule(Rule(act="hang", needle=RESCUE.sha))  # the first batch is moved, and the rescuer never hears of it
        # Nor may it move a second one, however late it is killed.
        proxy.rule(Rule(act="lose_request", needle=RESCUE.sha, times=NEVER_USED_UP))
        # Its own queue is another, so that it runs none of the jobs.
        with RunningNode(tmp_path, proxy.url, "--node-id", "first", queue="other:1", **SHORT) as first:
            eventually(lambda: redis.llen("queue:default") == BATCH, "a first batch")
            first.send(signal.SIGKILL)
            first.exit_code()
    assert redis.llen("inprogress:default:gone") == 3 * BATCH
    assert redis.sismember("verk_nodes", "gone")

    # Nobody reads the second one's lines meanwhile, so there must be few.
    with RunningNode(tmp_path, redis_url, "--node-id", "second", "--log-level", "warning", **SHORT) as second:
        ran = wait_pushed(redis, "ran", len(keys))
        eventually(lambda: redis.smembers("verk_nodes") == {b"second"}, "the dead ones are forgotten")
        second.send(signal.SIGTERM)
        assert second.exit_code() == 0

    assert Counter(ran) == Counter(keys)
    assert not redis.keys("inprogress:*")
