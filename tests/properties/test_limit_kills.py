"""Nodes that are killed while they run limited jobs: no limit is ever exceeded, no job is lost, and no slot is.

The model is a count: of what jobs wrote when they began and ended, and when their node was dead. Of a rate it is how
many may have started by then.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis
from support.eventually import eventually
from support.limited_node import AT_A_TIME, BURST, INTERVAL_SECONDS
from support.source import REPOSITORY

from verk_actors.client import Client
from verk_actors.settings.config import Config
from verk_actors.wire.job import Job

NODES = 2
CUSTOMERS, CAPPED, RATED = "abcde", 60, 40
KILLS = st.tuples(st.integers(1, CAPPED), st.integers(0, NODES - 1))  # at which word of jobs, and which node


@attrs.define
class Fleet:
    """Nodes as processes; of a killed one it is written down that it is dead, and another takes its place."""

    url: str
    redis: Redis
    nodes: list[subprocess.Popen[str]] = attrs.Factory(list)

    def start(self) -> subprocess.Popen[str]:
        """Start a node."""
        command = [sys.executable, "-m", "support.limited_node", self.url]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        return subprocess.Popen(command, cwd=REPOSITORY / "tests", text=True, **pipes)

    def kill(self, number: int) -> None:
        """Kill one, whatever it does."""
        victim, self.nodes[number] = self.nodes[number], self.start()
        victim.kill()
        victim.communicate()
        self.redis.rpush("log", f"dead {victim.pid} - -")


@pytest.fixture
def fleet(redis_url: str, redis: Redis) -> Iterator[Fleet]:
    """Return running nodes, which are killed in the end."""
    fleet = Fleet(redis_url, redis)
    fleet.nodes = [fleet.start() for _ in range(NODES)]
    for node in fleet.nodes:
        assert node.stdout is not None
        assert node.stdout.readline() == "up\n"
    yield fleet
    for node in fleet.nodes:
        node.kill()
        node.communicate()


def most_at_a_time(log: list[bytes]) -> Counter[str]:
    """Return how many ran at a time at most: of all together, by the name `all`, and of each customer."""
    running: dict[str, dict[str, str]] = defaultdict(dict)  # by process, of each job its customer
    most: Counter[str] = Counter()
    for what, pid, jid, customer in (entry.decode().split() for entry in log):
        if what == "start":
            running[pid][jid] = customer
        elif what == "end":
            del running[pid][jid]
        else:
            running.pop(pid, None)
        now = Counter(customer for jobs in running.values() for customer in jobs.values())
        most |= now | Counter({"all": now.total()})
    return most


@pytest.mark.slow  # processes are started, and taken for dead
@pytest.mark.timeout(300)
def test_no_limit_is_exceeded_whichever_nodes_are_killed_when(
    fleet: Fleet, config: Config, redis: Redis, long: bool
) -> None:
    @settings(
        max_examples=30 if long else 1, deadline=None, database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )  # fmt: skip
    @given(st.lists(KILLS, min_size=2, max_size=4 if long else 2))
    def check(kills: list[tuple[int, int]]) -> None:
        redis.delete("log", "rated", "done")
        seconds, micros = redis.time()
        begin = seconds + micros / 1e6
        jobs = [
            Job(class_="Capped", args=[CUSTOMERS[n % len(CUSTOMERS)], n % 7 == 0], queue="q") for n in range(CAPPED)
        ]
        client.enqueue_many([*jobs, *(Job(class_="Rated", args=[], queue="q") for _ in range(RATED))])
        for at, number in sorted(kills):
            eventually(lambda at=at: redis.llen("log") >= at, f"{at} words of jobs")
            fleet.kill(number)
        eventually(lambda: redis.scard("done") == CAPPED + RATED, f"end of all jobs, {redis.scard('done')} so far")
        most = most_at_a_time(redis.lrange("log", 0, -1))
        assert most["all"] <= AT_A_TIME
        assert max(most[customer] for customer in CUSTOMERS) == 1
        for number, at in enumerate(sorted(map(float, redis.lrange("rated", 0, -1))), 1):
            assert number <= BURST + (at - begin) / INTERVAL_SECONDS + 0.5  # for a clock that tells microseconds

    with Client(config) as client:
        check()
