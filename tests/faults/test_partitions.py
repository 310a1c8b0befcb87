"""A node is cut off from Redis for longer than its lease, while its jobs run on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import attrs
import pytest
from support.eventually import eventually
from support.jobs import JobKit
from support.nodes import Node, running_node
from support.proxy import CuttingProxy, cutting_proxy

from verk_actors.client import Client
from verk_actors.events import JobFailed, JobFenced, JobFinished
from verk_actors.settings.config import Config
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.wire.job import Job

pytestmark = pytest.mark.slow  # leases and sockets have to run out
HEARTBEAT_SECONDS = 0.2
LONG_SECONDS = 60.0  # the tests end it
AWAY = "Redis is of no use now"


@contextmanager
def cut_off(config: Config, jobs: JobKit | None = None) -> Iterator[tuple[Node, CuttingProxy]]:
    """Run a node behind a proxy, and wait until it holds its lease."""
    with cutting_proxy(config.redis_url.value.removeprefix("unix://").partition("?")[0]) as proxy:
        through = attrs.evolve(config, redis_url=RedisUrl(proxy.url), node_id="far")
        with running_node(through, jobs, queues={"q": 4}, heartbeat_seconds=HEARTBEAT_SECONDS) as node:
            eventually(lambda: node.state.own_server.lease.held, "lease")
            yield node, proxy


class FailingKit(JobKit):
    """Its jobs that wait fail in the end."""

    def __init__(self) -> None:
        super().__init__()
        pass_through = self.gate.pass_through

        def fail(key: object) -> None:
            pass_through(key)
            raise ValueError("too late")

        self.gate.pass_through = fail  # type: ignore[method-assign]


def wait_noticed(node: Node) -> None:
    """Wait until a node has given a reply up: on a busy machine it may anyway, which it tells."""
    lease = node.state.own_server.lease
    eventually(lambda: lease.failed_at > lease.renewed_at, "heartbeat without a reply")


@pytest.mark.logs_errors(AWAY)
@pytest.mark.parametrize("kit", [JobKit, FailingKit])
def test_peers_take_over_and_what_the_lost_node_brings_back_is_fenced(config: Config, redis, kit) -> None:
    with Client(config) as client, cut_off(config, kit()) as (far, proxy):
        jids = {client.enqueue(Job(queue="q", class_="Waiting", args=[key])) for key in range(3)}
        far.jobs.gate.wait_started(3)
        proxy.hole(LONG_SECONDS)  # before there is a peer, from which it could take its jobs back again
        with running_node(config, queues={"q": 4}, heartbeat_seconds=HEARTBEAT_SECONDS, node_id="near") as near:
            near.jobs.gate.open()
            finished = near.log.expect(JobFinished, 3)
            wait_noticed(far)
            proxy.hole(0)
            assert {event.job.jid for event in finished} == jids
            far.jobs.gate.open()
            far.jobs.gate.wait_ended(3)
            fenced = far.log.expect(JobFenced, 3)
            assert {event.job.jid for event in fenced} == jids

            eventually(lambda: far.state.own_server.lease.held, "the lease again")
            last = client.enqueue(Job(queue="q", class_="Good", args=["last"]))
            eventually(lambda: far.log.of(JobFinished, jid=last) or near.log.of(JobFinished, jid=last), "a new job")
            eventually(lambda: not redis.keys("inprogress:*"), "empty in-progress list")
        assert not far.log.of(JobFailed)

    assert redis.llen("queue:q") == redis.zcard("retry") == redis.zcard("dead") == 0
    assert int(redis.get("stat:processed")) == 4


@pytest.mark.logs_errors(AWAY)
def test_without_a_peer_a_node_that_was_cut_off_settles_its_jobs_as_ever(config: Config, redis) -> None:
    with Client(config) as client, cut_off(config) as (node, proxy):
        for key in range(3):
            client.enqueue(Job(queue="q", class_="Waiting", args=[key]))
        node.jobs.gate.wait_started(3)
        proxy.hole(LONG_SECONDS)
        eventually(lambda: not redis.exists("verk:node:far"), "the end of the lease")
        node.jobs.gate.open()
        node.jobs.gate.wait_ended(3)
        wait_noticed(node)
        proxy.hole(0)
        node.log.expect(JobFinished, 3)
        eventually(lambda: not redis.keys("inprogress:*"), "empty in-progress list")

    assert set(node.jobs.runs.values()) == {1}
    assert redis.llen("queue:q") == redis.zcard("retry") == redis.zcard("dead") == 0


@pytest.mark.logs_errors(AWAY)
def test_half_open_connections_are_found_out_by_their_silence(config: Config, redis) -> None:
    config = attrs.evolve(config, block_seconds=0.2)
    with Client(config) as client, cut_off(config) as (node, proxy):
        for key in range(3):
            client.enqueue(Job(queue="q", class_="Waiting", args=[key]))
        node.jobs.gate.wait_started(3)
        proxy.hang()
        node.jobs.gate.open()
        node.log.expect(JobFinished, 3)
        client.enqueue(Job(queue="q", class_="Good", args=["last"]))
        node.log.expect(JobFinished, class_="Good")
        eventually(lambda: not redis.keys("inprogress:*"), "empty in-progress list")
        assert set(node.jobs.runs.values()) == {1}

    assert int(redis.get("stat:processed")) == 4
    assert redis.llen("queue:q") == redis.zcard("retry") == redis.zcard("dead") == 0
