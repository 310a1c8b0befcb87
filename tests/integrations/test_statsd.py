"""Metrics by UDP: to the byte what a StatsD server reads."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from support.nodes import running_node

from verk_actors.events import JobFailed, JobFinished
from verk_actors.integrations.statsd import StatsD
from verk_actors.integrations.verk_stats import VerkStats
from verk_actors.messages import RegisterListener
from verk_actors.settings.config import Config
from verk_actors.wire.job import Job

TAGS = ("worker:Billing::Invoice", "queue:default")


@pytest.fixture
def server() -> Iterator[socket.socket]:
    """Return a socket on which datagrams come in."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(20)
        yield server


def port_of(server: socket.socket) -> int:
    return int(server.getsockname()[1])


def test_metrics_go_in_one_datagram_without_tags_to_a_plain_server(server: socket.socket) -> None:
    statsd = StatsD(port=port_of(server), prefix="verk")
    statsd.collect("counter", "jobs.start", 1, TAGS)
    statsd.collect("timing", "jobs.success", 5000.0, TAGS)
    statsd.collect("timing", "jobs.failure", 0.125, TAGS)
    statsd.close()

    assert server.recv(9000) == b"verk.jobs.start:1|c\nverk.jobs.success:5000|ms\nverk.jobs.failure:0.125|ms"


def test_tags_go_to_a_server_that_knows_them(server: socket.socket) -> None:
    statsd = StatsD("localhost", port_of(server), dogstatsd=True)
    statsd.collect("counter", "jobs.start", 1, TAGS)
    statsd.collect("counter", "jobs.start", 1, ["worker:a|c,b #ü\n", "queue:q"])
    statsd.close()

    assert server.recv(9000).decode() == (
        "jobs.start:1|c|#worker:Billing::Invoice,queue:default\njobs.start:1|c|#worker:a_c_b__ü_,queue:q"
    )


def test_no_datagram_is_longer_than_what_passes_in_one_piece(server: socket.socket) -> None:
    statsd = StatsD(port=port_of(server), dogstatsd=True)
    for _ in range(100):
        statsd.collect("counter", "jobs.start", 1, TAGS)
    statsd.close()

    datagrams = []
    while sum(map(len, datagrams)) + len(datagrams) < 100 * 54:
        datagrams.append(server.recv(9000))
    assert max(map(len, datagrams)) <= 1432
    assert b"\n".join(datagrams).split(b"\n") == [b"jobs.start:1|c|#worker:Billing::Invoice,queue:default"] * 100


def test_what_can_not_be_sent_is_lost_and_counted() -> None:
    statsd = StatsD("255.255.255.255")  # a broadcast, for which the socket has no permission
    statsd.collect("counter", "jobs.start", 1, TAGS)
    statsd.flush()
    statsd.flush()  # of nothing
    statsd.close()

    assert statsd.lost == 1


def test_a_host_that_is_unknown_is_told_at_once() -> None:
    with pytest.raises(OSError):
        StatsD("no-such-host.invalid")


def test_the_metrics_of_a_node_arrive(config: Config, server: socket.socket) -> None:
    statsd = StatsD(port=port_of(server))
    stats = VerkStats.start(statsd)
    with running_node(config, queues={"default": 1}) as node:
        node.system.ask(RegisterListener(stats, selector=VerkStats.EVENTS), timeout=10)
        node.client.enqueue_many([Job(class_="Good", args=[1]), Job(class_="Bad", args=[2])])
        node.log.expect(JobFinished)
        node.log.expect(JobFailed)
    stats.stop()
    statsd.close()

    keys: list[bytes] = []
    while len(keys) < 5:
        keys += [line.partition(b":")[0] for line in server.recv(9000).split(b"\n")]
    assert sorted(keys) == [
        b"jobs.failure", b"jobs.start", b"jobs.start", b"jobs.success", b"jobs.success.total_time",
    ]  # fmt: skip
