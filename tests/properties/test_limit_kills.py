"""Nodes that are killed while they run limited jobs: no limit is ever exceeded, no job is lost, and no slot is.

The model is a count: of what jobs wrote when they began and ended, and when their node was dead. Of a rate it is how
many may have started by then.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis
from support.eventually import eventually
from support.killed_nodes import KilledNodes, killed_nodes
from support.limited_node import AT_A_TIME, BURST, INTERVAL_SECONDS

from verk_actors.client import Client
from verk_actors.settings.config import Config
from verk_actors.wire.job import Job

NODES = 2
CUSTOMERS, CAPPED, RATED = "abcde", 60, 40
KILLS = st.tuples(st.integers(1, CAPPED), st.integers(0, NODES - 1))  # at which word of jobs, and which node


@pytest.fixture
def fleet(redis_url: str) -> Iterator[KilledNodes]:
    """Return running nodes."""
    with killed_nodes("support.limited_node", redis_url, NODES) as fleet:
        yield fleet


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
    fleet: KilledNodes, config: Config, redis: Redis, long: bool
) -> None:
    @settings(
        max_examples=30 if long else 1, database=None,
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
            if redis.llen("log") < at:  # else it may hit one that is just starting
                fleet.wait_up()
                eventually(lambda at=at: redis.llen("log") >= at, f"{at} words of jobs")
            redis.rpush("log", f"dead {fleet.kill(number)} - -")
        fleet.wait_up()
        eventually(lambda: redis.scard("done") == CAPPED + RATED, f"end of all jobs, {redis.scard('done')} so far")
        most = most_at_a_time(redis.lrange("log", 0, -1))
        assert most["all"] <= AT_A_TIME
        assert max(most[customer] for customer in CUSTOMERS) == 1
        for number, at in enumerate(sorted(map(float, redis.lrange("rated", 0, -1))), 1):
            assert number <= BURST + (at - begin) / INTERVAL_SECONDS + 0.5  # for a clock that tells microseconds

    with Client(config) as client:
        check()
