"""Nodes that are killed while they enqueue periodic jobs: each time is enqueued for once, and none is left out.

The model is a list: every second from the one that was seen to last until all nodes were told to look.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from itertools import count

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis
from support.eventually import eventually
from support.source import REPOSITORY

from verk_actors.client import Client
from verk_actors.settings.config import Config
from verk_actors.store.requests import LOOK_AT_CRON, Requests
from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys

NODES = 2
MISSED_SECONDS = 150
KILLS = st.lists(st.tuples(st.integers(0, MISSED_SECONDS), st.integers(0, NODES - 1)), min_size=1, max_size=1)
_numbers = count()


@attrs.define
class Fleet:
    """Nodes as processes; a killed one is replaced at once, by one that is up some time later.

    Attributes:
        starting: those that have not said yet that they run.
    """

    url: str
    nodes: list[subprocess.Popen[str]] = attrs.Factory(list)
    starting: list[subprocess.Popen[str]] = attrs.Factory(list)

    def start(self) -> subprocess.Popen[str]:
        """Start a node."""
        command = [sys.executable, "-m", "support.ticker", self.url]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self.starting.append(subprocess.Popen(command, cwd=REPOSITORY / "tests", text=True, **pipes))
        return self.starting[-1]

    def kill(self, number: int) -> None:
        """Kill one, wherever it is, and start another in its place."""
        victim, self.nodes[number] = self.nodes[number], self.start()
        victim.kill()
        victim.communicate()

    def wait_up(self) -> None:
        """Wait until all run."""
        while self.starting:
            node = self.starting.pop()
            assert node.stdout is not None
            assert node.stdout.readline() == "up\n"


@pytest.fixture
def fleet(redis_url: str) -> Iterator[Fleet]:
    """Return running nodes, which are killed in the end: what is in Redis is all that they leave."""
    fleet = Fleet(redis_url)
    fleet.nodes = [fleet.start() for _ in range(NODES)]
    yield fleet
    for node in fleet.nodes:
        node.kill()
        node.communicate()


@pytest.mark.slow  # processes are started
def test_each_second_is_enqueued_for_once_whichever_nodes_are_killed_when(
    fleet: Fleet, config: Config, redis: Redis, long: bool
) -> None:
    client = Client(config)
    requests = Requests(client._pools[config.redis_url], Keys())

    @settings(
        max_examples=40 if long else 2, deadline=None, database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )  # fmt: skip
    @given(KILLS)
    def check(kills: list[tuple[int, int]]) -> None:
        fleet.wait_up()
        name = f"each-{next(_numbers)}"
        redis.sadd("verk:cron:paused", name)  # before any node may look
        client.cron.add(name, Job(class_="Good", args=[], queue=name), "* * * * * *", catch_up="all")
        end = int(redis.time()[0])
        last = end - MISSED_SECONDS
        redis.hset("verk:cron:slots", name, last)
        redis.srem("verk:cron:paused", name)
        requests.tell_all(LOOK_AT_CRON)
        for at, number in kills:
            eventually(lambda at=at: redis.llen(f"queue:{name}") >= at, f"{at} jobs")
            fleet.kill(number)
        eventually(lambda: int(redis.hget("verk:cron:slots", name)) >= end, "the last of the times")
        client.cron.remove(name)
        slots = [json.loads(payload)["verk_cron_at"] for payload in reversed(redis.lrange(f"queue:{name}", 0, -1))]
        assert slots == [float(last + 1 + number) for number in range(len(slots))]
        assert slots[-1] >= end

    with client:
        check()
