"""What orchestrators are told of a node over HTTP, and that it is no trouble of the node whether they are."""

from __future__ import annotations

import http.client
import re
import socket
import sys
import threading
from collections.abc import Iterator

import attrs
import pytest
from support.eventually import eventually
from support.jobs import JobKit
from support.nodes import Node, running_node

from verk_actors.events import JobFinished, QueuePausing
from verk_actors.messages import PauseQueue, Quiet, Status
from verk_actors.otp.testing import ManualRuntime
from verk_actors.settings.address import Address, CannotListen, listen
from verk_actors.settings.config import Config
from verk_actors.tree import health_port
from verk_actors.tree.actor_system import ActorSystem
from verk_actors.wire.job import Job


@pytest.fixture(autouse=True)
def _time_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give whoever asks time to do so though the machine is busy, and let silent connections last as long."""
    monkeypatch.setattr(health_port, "_REQUEST_SECONDS", 60.0)


@pytest.fixture
def node(config: Config) -> Iterator[Node]:
    """Return a node that listens on a free port, with two queues."""
    with running_node(config, queues={"q": 1, "r": 1}, health=0) as node:
        yield node


def address(node: Node) -> Address:
    found = node.state.health_address
    assert found is not None
    return found


def ask(node: Node, path: str, method: str = "GET") -> tuple[int, str]:
    connection = http.client.HTTPConnection(address(node).host, address(node).port, timeout=20)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def say(node: Node, text: bytes) -> bytes:
    """Send any bytes, and return all that comes back."""
    with socket.create_connection((address(node).host, address(node).port), timeout=20) as end:
        end.sendall(text)
        return b"".join(iter(lambda: end.recv(65_536), b""))


def is_served(node: Node) -> bool:
    try:
        return say(node, b"GET /healthz HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 200 ")
    except ConnectionResetError:
        return False


def test_a_node_that_runs_is_alive_and_ready(node: Node) -> None:
    assert ask(node, "/healthz") == (200, "ok\n")
    assert ask(node, "/readyz?verbose") == (200, "ok\n")


def test_prometheus_scrapes_the_node_here(node: Node) -> None:
    node.client.enqueue(Job(queue="q", class_="Good", args=[1]))
    node.log.expect(JobFinished)
    eventually(lambda: [one for one in node.status().queues["q"].classes.values() if one.finished], "the run")

    status, text = ask(node, "/metrics")
    assert status == 200
    assert 'verk_jobs_total{class="Good",queue="q",result="finished"} 1.0\n' in text
    assert 'verk_actors{kind="HealthPort"} 1.0\n' in text


def test_without_the_extra_the_scraper_is_told_what_to_install(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("verk_actors.integrations.prometheus")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "prometheus_client", None)

    assert ask(node, "/metrics") == (501, "prometheus_client is missing: pip install 'verk-actors[metrics]'\n")


def test_a_node_without_the_setting_has_no_such_actor(config: Config) -> None:
    with running_node(config) as node:
        assert not [child for child in node.children() if str(child) == "health_port"]


def test_what_is_no_question_is_told_so(node: Node) -> None:
    assert ask(node, "/") == (404, "/healthz\n/readyz\n/metrics\n")
    assert ask(node, "/healthz", "POST") == (405, "GET or HEAD\n")
    assert ask(node, "/healthz", "HEAD") == (200, "")
    assert say(node, b"hello\r\n\r\n").startswith(b"HTTP/1.1 400 ")
    assert say(node, b"GET /healthz HTTP/1.1\r\n" + b"x: y\r\n" * 100 + b"\r\n").startswith(b"HTTP/1.1 400 ")
    assert say(node, b"x" * 65_537).startswith(b"HTTP/1.1 400 ")


def test_who_says_nothing_keeps_nobody_waiting(node: Node) -> None:
    with socket.create_connection((address(node).host, address(node).port)):
        assert ask(node, "/healthz") == (200, "ok\n")


def test_more_connections_than_are_served_are_closed(node: Node) -> None:
    where = (address(node).host, address(node).port)
    ends = [socket.create_connection(where, timeout=20) for _ in range(50)]
    try:
        eventually(lambda: not is_served(node), "refusal")
    finally:
        for end in ends:
            end.close()
    eventually(lambda: is_served(node), "service")


def test_a_node_that_was_told_to_fetch_no_more_is_alive_and_not_ready(node: Node) -> None:
    node.system.ask(PauseQueue("q"))
    assert ask(node, "/readyz") == (200, "ok\n")
    node.system.ask(Quiet())

    assert ask(node, "/readyz") == (503, "it was told to fetch no more jobs\n")
    assert ask(node, "/healthz") == (200, "ok\n")


def test_a_queue_that_somebody_has_paused_for_all_nodes_is_as_it_should_be(node: Node) -> None:
    for queue in ("q", "r"):
        node.client.queue(queue).pause()
        node.log.expect(QueuePausing, queue=queue)

    assert ask(node, "/readyz") == (200, "ok\n")


def test_a_node_whose_redis_is_away_is_alive_and_not_ready(node: Node) -> None:
    node.state.own_server.lease.ends_at -= node.config.lease_seconds

    status, said = ask(node, "/readyz")

    assert (status, said) == (503, f"{node.config.redis_url} has not answered its heartbeat for a lease\n")
    assert ask(node, "/healthz") == (200, "ok\n")


def test_a_node_whose_heart_does_not_beat_is_not_alive(node: Node) -> None:
    node.state.own_server.lease.beat_at -= 1000

    status, said = ask(node, "/healthz")

    assert status == 503
    assert re.fullmatch(r"the heart has not beaten for 1\d\d\d s\n", said)


def test_a_node_that_drains_is_alive_until_it_has_and_not_ready(config: Config) -> None:
    jobs = JobKit()
    with running_node(config, jobs, queues={"q": 1}, health=0) as node:
        node.client.enqueue(Job(queue="q", class_="Waiting", args=[1]))
        jobs.gate.wait_started(1)
        stopped = node.system.stop(block=False)
        node.log.expect(QueuePausing)

        assert ask(node, "/healthz") == (200, "ok\n")
        assert ask(node, "/readyz") == (503, "it stops\n")
        jobs.gate.open()
        stopped.get(timeout=20)
        with pytest.raises(OSError):
            ask(node, "/healthz")


def test_a_supervisor_that_is_stuck_is_told_after_a_minute(config: Config, monkeypatch) -> None:
    runtime, gate, stuck = ManualRuntime(), threading.Event(), threading.Event()
    monkeypatch.setitem(ActorSystem._otp_handlers, Status, lambda *_: stuck.set() or gate.wait(20))
    with running_node(config, runtime=runtime, health=0) as node:
        node.system.ask(Status(), block=False)
        stuck.wait(20)
        assert ask(node, "/healthz") == (200, "ok\n")  # it may only be slow
        node.state.own_server.lease.beat_at = 61.0
        runtime.clock.move_to(61.0)

        assert ask(node, "/healthz") == (503, "the supervisor has not answered for 61 s\n")
        gate.set()
        eventually(lambda: ask(node, "/healthz") == (200, "ok\n"), "life")
    runtime.close()


def test_its_death_concerns_no_job_and_it_comes_back_after_a_pause(config: Config) -> None:
    runtime = ManualRuntime()
    with running_node(config, runtime=runtime, queues={"q": 1}, max_restarts=0, health=0) as node:
        for _ in range(3):
            old = node.whereis("health_port")
            old.kill()
            node.client.enqueue(Job(queue="q", class_="Good", args=[1]))
            eventually(lambda: any(row.state == "restarting" for row in node.system.children), "restart")
            runtime.advance(60)
            node.successor(old)
        node.log.expect(JobFinished, count=3)
        assert ask(node, "/healthz") == (200, "ok\n")
    runtime.close()


@pytest.mark.logs_errors("child 'health_port' did not start: CannotListen(")
def test_a_port_that_is_taken_keeps_the_node_from_starting(config: Config) -> None:
    with listen(Address("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotListen, match=f"can't listen on 127.0.0.1:{port}"):
            ActorSystem.start(attrs.evolve(config, health=port))
