"""Nodes that are killed while they enqueue periodic jobs: each time is enqueued for once, and none is left out.

The model is a list: every second from the one that was seen to last until all nodes were told to look.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis
from support.eventually import eventually
from support.killed_nodes import KilledNodes, killed_nodes

from verk_actors.client import Client
from verk_actors.settings.config import Config
from verk_actors.store.requests import LOOK_AT_CRON, Requests
from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys

NODES = 2
MISSED_SECONDS = 150
KILLS = st.lists(st.tuples(st.integers(0, MISSED_SECONDS), st.integers(0, NODES - 1)), min_size=1, max_size=1)
_numbers = count()


@pytest.fixture
def fleet(redis_url: str) -> Iterator[KilledNodes]:
    """Return running nodes."""
    with killed_nodes("support.ticker", redis_url, NODES) as fleet:
        yield fleet


@pytest.mark.slow  # processes are started
def test_each_second_is_enqueued_for_once_whichever_nodes_are_killed_when(
    fleet: KilledNodes, config: Config, redis: Redis, long: bool
) -> None:
    client = Client(config)
    requests = Requests(client._pools[config.redis_url], Keys())

    @settings(
        max_examples=40 if long else 2, database=None,
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
