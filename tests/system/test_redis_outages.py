"""Redis goes away and comes back: nothing is lost, no restart is used up, one line at each end in the log."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
import redis as redis_py
from support.eventually import eventually
from support.nodes import running_node
from support.troubles import restarts

from verk_actors import embedded
from verk_actors.events import JobFinished
from verk_actors.settings.config import Config
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.wire.job import Job


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """Return a directory for a server of the test's own, with its append-only file on."""
    yield tmp_path / "redis"
    embedded.stop(tmp_path / "redis")


@pytest.mark.logs_errors("Redis is of no use now")
def test_killed_connections_are_replaced_and_no_job_is_lost_or_doubled(config: Config, redis) -> None:
    with running_node(config, queues={"a": 3, "b": 3}) as node:
        for round_ in range(10):
            for key in range(20):
                node.client.enqueue(Job(queue="ab"[key % 2], class_="Good", args=[f"{round_}-{key}"]))
            redis.client_kill_filter(_type="normal", skipme=True)
            node.client.close()
            wanted = 20 * (round_ + 1)
            eventually(lambda wanted=wanted: node.jobs.runs.total() >= wanted, "all runs")
        eventually(lambda: not redis.keys("inprogress:*"), "empty in-progress list")
        assert set(node.jobs.runs.values()) == {1}
        assert restarts(node) == 0


@pytest.mark.logs_errors("Redis is of no use now")
def test_a_restart_of_redis_loses_nothing_and_what_ran_meanwhile_is_settled(
    config: Config, directory: Path, caplog
) -> None:
    caplog.set_level(logging.INFO, "verk_actors")
    config = attrs.evolve(config, redis_url=RedisUrl(embedded.ensure(directory).url))
    with running_node(config, queues={"q": 3}) as node:
        for key in range(5):
            node.client.enqueue(Job(queue="q", class_="Waiting", args=[key]))
        node.jobs.gate.wait_started(3)
        embedded.stop(directory)
        node.jobs.gate.open()
        node.jobs.gate.wait_ended(3)
        eventually(lambda: "Redis is of no use now" in caplog.text, "word of the outage")
        embedded.ensure(directory)
        node.log.expect(JobFinished, 5)
        with redis_py.Redis.from_url(config.redis_url.value) as redis:
            eventually(lambda: not redis.keys("inprogress:*"), "empty in-progress list")
            assert int(redis.get("stat:processed")) == 5
        assert set(node.jobs.runs.values()) == {1}
        assert restarts(node) == 0
    assert len([line for line in caplog.messages if "Redis is of no use now" in line]) == 1
    assert len([line for line in caplog.messages if "Redis is back" in line]) == 1


@pytest.mark.logs_errors("Redis is of no use now")
def test_a_node_starts_without_redis_and_works_when_it_comes(config: Config, directory: Path) -> None:
    server = embedded.ensure(directory)
    embedded.stop(directory)
    config = attrs.evolve(config, redis_url=RedisUrl(server.url))
    with running_node(config, queues={"q": 1}) as node:
        assert not node.status().connected
        embedded.ensure(directory)
        node.client.enqueue(Job(queue="q", class_="Good", args=[1]))
        node.log.expect(JobFinished)
        assert node.status().connected
        assert restarts(node) == 0


@pytest.mark.logs_errors("Redis is of no use now", "could not be settled")
def test_a_stop_without_redis_ends_in_bounded_time(config: Config, directory: Path) -> None:
    config = attrs.evolve(config, redis_url=RedisUrl(embedded.ensure(directory).url))
    with running_node(config, queues={"q": 1}, shutdown_timeout_seconds=0.2) as node:
        node.client.enqueue(Job(queue="q", class_="Waiting", args=[1]))
        node.jobs.gate.wait_started(1)
        embedded.stop(directory)
        node.jobs.gate.open()
        assert node.system.stop(timeout=30)
    embedded.ensure(directory)
    with redis_py.Redis.from_url(config.redis_url.value) as redis:
        assert redis.llen(f"inprogress:q:{config.node_id}") == 1  # a peer, or the next start, takes it
