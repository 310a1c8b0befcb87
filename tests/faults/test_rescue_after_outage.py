"""Redis is away for a while, or a node from Redis: whoever is back first takes nobody for dead too soon.

Each node renewed its lease at another moment. So when Redis is back, some leases have run out and some have not, though
every node lives. One that kept its lease and is quick to come back must not rescue those that need a moment longer.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import attrs
import pytest
from support.eventually import eventually
from support.nodes import Node, running_node
from support.proxy import CuttingProxy, cutting_proxy

from verk_actors.cli.chaos.proxy_control import Rule
from verk_actors.client import Client
from verk_actors.events import JobFenced, JobFinished
from verk_actors.settings.config import Config
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.store.scripts import HEARTBEAT
from verk_actors.wire.job import Job

HEARTBEAT_SECONDS = 3.0  # those that come back late have twice that, on a busy machine too
ALL = 1_000_000


@contextmanager
def behind_a_proxy(config: Config, node_id: str, **queues: int) -> Iterator[tuple[Node, CuttingProxy]]:
    """Run a node behind a proxy of its own."""
    with cutting_proxy(config.redis_url.value.removeprefix("unix://").partition("?")[0]) as proxy:
        through = attrs.evolve(config, redis_url=RedisUrl(proxy.url), node_id=node_id)
        with running_node(through, queues=queues, heartbeat_seconds=HEARTBEAT_SECONDS) as node:
            eventually(lambda: node.state.own_server.lease.held, "lease")
            yield node, proxy


@pytest.mark.slow  # a lease has to run out
@pytest.mark.logs_errors("Redis")
def test_a_node_that_was_away_itself_rescues_nobody_before_the_others_could_come_back(config: Config, redis) -> None:
    with (
        Client(config) as client,
        behind_a_proxy(config, "quick") as (quick, quick_proxy),
        behind_a_proxy(config, "late", q=3) as (late, late_proxy),
    ):
        for key in range(3):
            client.enqueue(Job(queue="q", class_="Waiting", args=[key]))
        late.jobs.gate.wait_started(3)

        for proxy in (quick_proxy, late_proxy):
            proxy.rule(Rule(act="lose_request", needle=HEARTBEAT.sha, times=ALL))
        for node, proxy in ((quick, quick_proxy), (late, late_proxy)):
            node.beat()
            proxy.wait_acted("lose_request")
        # It renewed its lease last, and has some of it left.
        redis.set("verk:node:quick", quick.state.own_server.lease.token, px=60_000)
        eventually(lambda: not redis.exists("verk:node:late"), "the end of the late one's lease")
        quick_proxy.forget()
        quick.beat()
        eventually(lambda: redis.pttl("verk:node:quick") < 10_000, "the quick one's heartbeat")
        late_proxy.forget()
        late.beat()
        eventually(lambda: redis.exists("verk:node:late"), "the late one's heartbeat")

        late.jobs.gate.open()
        late.log.expect(JobFinished, 3)
        assert not late.log.of(JobFenced)
        assert set(late.jobs.runs.values()) == {1}
        assert not redis.exists("verk:recovered")
