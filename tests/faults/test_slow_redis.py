"""Redis is slow, or hangs: what takes longer than a reply may take is an outage, all else is patience."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import pytest
import redis as redis_py
from support.eventually import eventually
from support.nodes import Node, running_node
from support.servers import OwnServer
from support.troubles import restarts

from verk_actors.events import JobFinished
from verk_actors.settings.config import Config
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.wire.job import Job


@pytest.fixture
def node_config(own_server: OwnServer) -> Config:
    return Config(redis_url=RedisUrl(own_server.url), queues={"q": 2, "other": 2})


def enqueue(node: Node, class_: str, *keys: object, queue: str = "q") -> None:
    for key in keys:
        node.client.enqueue(Job(queue=queue, class_=class_, args=[key]))


SLOW: dict[str, Callable[[redis_py.Redis], object]] = {
    "DEBUG SLEEP": lambda client: client.execute_command("DEBUG", "SLEEP", 1.2),
    "CLIENT PAUSE": lambda client: client.client_pause(1200, all=False),
    "a long script": lambda client: client.eval("local from = os.clock() while os.clock() - from < 0.3 do end", 0),
}


@pytest.mark.slow  # more than a second in which the server does nothing, each
@pytest.mark.parametrize("slowness", SLOW.values(), ids=SLOW)
def test_a_server_that_takes_a_second_is_waited_for_and_nobody_notices(
    own_server, node_config, caplog, slowness
) -> None:
    with running_node(node_config) as node, own_server.client() as redis:
        enqueue(node, "Waiting", 1, 2)
        node.jobs.gate.wait_started(2)
        enqueue(node, "Good", *range(3, 10), queue="other")
        slow = threading.Thread(target=slowness, args=(redis,))
        slow.start()
        node.jobs.gate.open()
        node.log.expect(JobFinished, 9)
        slow.join()
        assert set(node.jobs.runs.values()) == {1}
        assert restarts(node) == 0
    assert not [record for record in caplog.records if record.levelno > logging.INFO]


@pytest.mark.slow  # as long as a reply may take
@pytest.mark.logs_errors("Redis is of no use now")
def test_a_server_that_hangs_is_an_outage_after_which_late_commands_do_no_harm(own_server, node_config, caplog) -> None:
    """What was sent before the reply was given up is done when the server wakes up: from its socket's buffer."""
    caplog.set_level(logging.INFO, "verk_actors.tree.outage")
    with running_node(node_config, block_seconds=0.2) as node, own_server.client() as redis:
        enqueue(node, "Waiting", 1, 2)
        node.jobs.gate.wait_started(2)
        enqueue(node, "Good", *range(3, 10))
        with own_server.frozen():
            node.jobs.gate.open()
            node.jobs.gate.wait_ended(2)
            eventually(lambda: len(caplog.messages), "line")
            assert node.log.of(JobFinished) == []
        node.log.expect(JobFinished, 9)
        eventually(lambda: not redis.keys("inprogress:*"), "empty in-progress list")
        eventually(lambda: "Redis is back" in caplog.text, "end of the outage")
        assert int(redis.get("stat:processed")) == 9
        assert set(node.jobs.runs.values()) == {1}
        assert restarts(node) == 0
    assert len([line for line in caplog.messages if "no use" in line]) == 1
