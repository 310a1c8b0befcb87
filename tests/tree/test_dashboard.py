"""A node that serves the dashboard: a child like any other, whose trouble is none of the jobs'."""

from __future__ import annotations

import socket
import threading
from typing import Any

import attrs
import httpx
import pytest
from support.eventually import eventually
from support.nodes import running_node

from verk_actors.events import JobFinished
from verk_actors.otp import StartError
from verk_actors.settings.address import CannotListen
from verk_actors.settings.config import Config
from verk_actors.tree.actor_system import ActorSystem
from verk_actors.tree.dashboard import Dashboard
from verk_actors.wire.job import Job

WAIT_SECONDS = 20.0  # only a hang takes that long


def get(url: str, **options: Any) -> httpx.Response:
    return httpx.get(url, timeout=WAIT_SECONDS, **options)


def test_a_node_serves_it_from_its_start_to_its_end(config):
    with running_node(config, queues={"q": 1}, web="127.0.0.1:0") as node:
        url = node.status().dashboard_url
        stats, page = get(f"{url}api/v1/stats"), get(url)
        rebound = get(url, headers={"host": "evil.test"})

    assert stats.json()["nodes"] == 1
    assert page.status_code == 200
    assert rebound.status_code == 403
    with pytest.raises(httpx.ConnectError):
        get(url)


def test_a_node_that_was_not_told_to_has_none(config):
    with running_node(config, queues={"q": 1}) as node:
        assert node.status().dashboard_url is None
        assert node.system.whereis("dashboard") is None


def test_one_that_dies_is_started_again_and_the_jobs_notice_nothing(config):
    with running_node(config, queues={"q": 1}, web="127.0.0.1:0", max_restarts=0) as node:
        before = node.status().dashboard_url
        dashboard = node.whereis("dashboard")
        dashboard.kill()
        node.client.enqueue(Job(class_="Good", args=[], queue="q"))
        node.log.expect(JobFinished)
        node.successor(dashboard)
        eventually(lambda: node.status().dashboard_url != before, "new address")

        assert get(node.status().dashboard_url).status_code == 200


def test_a_stop_does_not_wait_for_a_browser_that_keeps_its_connection(config):
    with (
        httpx.Client(timeout=WAIT_SECONDS) as browser,  # the first, so that it is there until the node has stopped
        running_node(config, queues={"q": 1}, web="127.0.0.1:0") as node,
    ):
        assert browser.get(node.status().dashboard_url).status_code == 200


def test_a_stop_ends_a_request_that_waits_for_redis(config, tmp_path, caplog):
    """The answer of a Redis that hangs comes never; the stop does not wait for it, and logs no error."""
    with socket.socket(socket.AF_UNIX) as hanging:
        hanging.bind(str(tmp_path / "s"))
        hanging.listen()
        urls: list[str] = []
        dashboard = Dashboard.start(Config(redis_url=f"unix://{tmp_path}/s", web="127.0.0.1:0"), urls.append)
        statuses: list[int] = []
        asking = threading.Thread(target=lambda: statuses.append(get(urls[0]).status_code))
        asking.start()
        connection, _ = hanging.accept()
        with connection:
            dashboard.stop()
            asking.join()
    assert statuses == [503]
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.mark.logs_errors("child 'dashboard' did not start")
def test_where_the_address_is_taken_the_node_does_not_start_and_says_so(config):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        web = f"127.0.0.1:{taken.getsockname()[1]}"

        with pytest.raises(CannotListen):
            ActorSystem.start(attrs.evolve(config, web=web))


@pytest.mark.logs_errors("child 'dashboard' did not start")
def test_an_address_of_another_machine_is_refused_too(config):
    with pytest.raises(CannotListen):
        ActorSystem.start(attrs.evolve(config, web="192.0.2.1:80?insecure"))


def test_it_has_to_be_told_where(config):
    with pytest.raises(StartError):
        Dashboard.start(config, lambda url: None)
