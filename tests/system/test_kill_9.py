"""A node is killed in the middle of its work and started again under the same id: nothing is lost."""

from __future__ import annotations

import signal
from collections import Counter

import pytest
from support.commands import RunningNode, wait_pushed

from verk_actors.client import Client
from verk_actors.settings.config import Config
from verk_actors.wire.job import Job

JOBS = 25


@pytest.mark.slow  # two nodes start, each an interpreter
def test_all_jobs_that_ran_when_their_node_was_killed_run_again_once(tmp_path, redis_url, redis):
    with Client(Config(redis_url=redis_url)) as client:
        jids = {client.enqueue(Job(class_="Wait", args=[key])) for key in range(JOBS)}
    with RunningNode(tmp_path, redis_url, "--node-id", "n1", queue=f"default:{JOBS}") as node:
        wait_pushed(redis, "started", JOBS)
        payloads = redis.lrange("inprogress:default:n1", 0, -1)
        node.send(signal.SIGKILL)
        assert node.exit_code() == -signal.SIGKILL
    assert len(payloads) == JOBS
    assert redis.lrange("inprogress:default:n1", 0, -1) == payloads  # all still there, and nowhere else
    assert redis.llen("queue:default") == 0

    with RunningNode(tmp_path, redis_url, "--node-id", "n1", queue=f"default:{JOBS}") as node:
        started = wait_pushed(redis, "started", JOBS)
        redis.rpush("gate", *range(JOBS))
        ran = wait_pushed(redis, "ran", JOBS)
        node.expect(" done: ", JOBS)
        node.send(signal.SIGTERM)
        assert node.exit_code() == 0

    assert Counter(started) == Counter(ran) == Counter(map(str, range(JOBS)))
    assert all(node.output.count(f"Wait {jid} done") == 1 for jid in jids)
    assert int(redis.get("stat:processed")) == JOBS
    assert redis.llen("queue:default") == 0
    assert not redis.keys("inprogress:*")
    assert not redis.exists("retry", "dead", "stat:failed")
