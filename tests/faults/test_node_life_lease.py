"""The lease while something keeps the node from renewing it: a crash, a hog of the interpreter, many busy threads."""

from __future__ import annotations

import os
import signal

import attrs
import pytest
import redis as redis_py
from support.commands import RunningNode, wait_pushed
from support.eventually import eventually
from support.jobs import JobKit
from support.nodes import running_node

from verk_actors.client import Client
from verk_actors.events import JobFenced, JobFinished, JobStarted
from verk_actors.otp import RestartChild, TerminateChild
from verk_actors.settings.config import Config
from verk_actors.wire.job import Job

slow = pytest.mark.slow  # interpreters start

HOGS = """
import ctypes, os, pathlib
from jobs import client
from verk_actors import worker

@worker
def Hog():
    '''Holds the interpreter's lock, on its first run, until the test writes to a pipe.'''
    if client.incr("hogs") > 1:
        return
    pipe, byte, read = os.open("pipe", os.O_RDWR), ctypes.create_string_buffer(1), ctypes.PyDLL(None).read
    client.rpush("started", "hog")
    read(pipe, byte, 1)

@worker
def Spin(key):
    '''Computes, in Python alone, until there is a file.'''
    client.rpush("started", key)
    while not pathlib.Path("gate").exists():
        sum(range(10_000))
"""


def wait_renewed(redis: redis_py.Redis, lease: str) -> None:
    """Wait until a lease has been renewed, without a gap."""
    seen = [redis.pttl(lease)]

    def renewed() -> bool:
        seen.append(redis.pttl(lease))
        assert seen[-1] > 0, "the lease ran out"
        return seen[-1] > seen[-2]

    eventually(renewed, "heartbeat")


# -- row 15: the NodeManager crashes


@pytest.mark.parametrize("times", [1, 3])
def test_a_node_manager_that_crashes_is_followed_by_one_that_keeps_the_lease(config: Config, redis, times: int) -> None:
    """No job notices, and nobody else gets the chance to take them."""
    with running_node(config, queues={"q": 1}, max_restarts=times) as node:
        jid = node.client.enqueue(Job(queue="q", class_="Waiting", args=[1]))
        node.jobs.gate.wait_started(1)
        lease = f"verk:node:{node.config.node_id}"
        token = redis.get(lease)
        for _ in range(times):
            old = node.whereis("node_manager")
            redis.pexpire(lease, 15_000)
            old.kill()
            node.successor(old)
            eventually(lambda: redis.pttl(lease) > 15_000, "renewed lease")
        assert redis.get(lease) == token
        node.jobs.gate.open()
        node.log.expect(JobFinished, jid=jid)
        node.client.enqueue(Job(queue="q", class_="Good", args=[2]))
        node.log.expect(JobFinished, 2)
        assert not node.log.of(JobFenced)
        assert set(node.jobs.runs.values()) == {1}


@pytest.mark.slow  # a lease has to run out
def test_a_node_without_node_manager_for_longer_than_its_lease_is_fenced_and_goes_on_with_the_next(
    config: Config, redis
) -> None:
    """Its peer takes its jobs. The end of a run here has no effect, is told of, and the node works on."""
    first_kit, second_kit = JobKit(), JobKit()
    settings = {"queues": {"q": 1}, "heartbeat_seconds": 0.2}
    with running_node(config, first_kit, **settings) as first:
        jid = first.client.enqueue(Job(queue="q", class_="Waiting", args=[1]))
        first_kit.gate.wait_started(1)
        with running_node(attrs.evolve(config, node_id="second"), second_kit, **settings) as second:
            first.system.ask(TerminateChild("node_manager"), timeout=10)
            second.log.expect(JobStarted, jid=jid)
            first.system.ask(RestartChild("node_manager"), timeout=10)
            first_kit.gate.open()
            first.log.expect(JobFenced, jid=jid)
            assert not redis.exists("stat:processed")
            second_kit.gate.open()
            second.log.expect(JobFinished, jid=jid)
        first.client.enqueue(Job(queue="q", class_="Good", args=[2]))
        first.log.expect(JobFinished, class_="Good")
        eventually(lambda: not redis.keys("inprogress:*"), "empty in-progress lists")
    assert int(redis.get("stat:processed")) == 2
    assert not redis.exists("queue:q", "retry", "dead", "stat:failed")


# -- row 25: the interpreter's lock


@slow
def test_a_node_whose_interpreter_stood_still_for_longer_than_its_lease_is_fenced_and_goes_on(
    tmp_path, redis_url, redis
) -> None:
    """As when a C extension computes and does not release the interpreter's lock."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "hogs.py").write_text(HOGS)
    options = {"queue": "default:2", "VERK_HEARTBEAT_SECONDS": "0.3"}
    with (
        Client(Config(redis_url=redis_url)) as client,
        RunningNode(tmp_path, redis_url, "-r", "hogs", **options).expect_up() as first,
    ):
        client.enqueue(Job(class_="Hog", args=[]))
        wait_pushed(redis, "started", 1)
        with RunningNode(tmp_path, redis_url, "-r", "hogs", **options) as second:
            second.expect(" done: ")
            second.send(signal.SIGTERM)
            assert second.exit_code() == 0
        with (tmp_path / "pipe").open("wb", buffering=0) as pipe:
            pipe.write(b"!")
        first.expect(" fenced: it ended in queue default of a node that had been taken for dead")
        client.enqueue(Job(class_="Note", args=["goes on"]))
        assert wait_pushed(redis, "ran", 1) == ["goes on"]
        first.expect(" done: ")
        first.send(signal.SIGTERM)
        assert first.exit_code() == 0
    assert int(redis.get("stat:processed")) == 2
    assert not redis.keys("inprogress:*")
    assert not redis.exists("queue:default", "retry", "dead", "stat:failed")


@slow
def test_many_busy_threads_keep_the_node_from_no_heartbeat_and_from_no_fetch(tmp_path, redis_url, redis, long) -> None:
    """Twenty-five jobs that compute in Python, for three heartbeats; a peer would take what it could.

    Another queue of the same node, with a worker of its own, runs a job in each.
    """
    (tmp_path / "hogs.py").write_text(HOGS)
    beat = {"VERK_HEARTBEAT_SECONDS": "10" if long else "4"}
    with Client(Config(redis_url=redis_url)) as client:
        for key in range(25):
            client.enqueue(Job(class_="Spin", args=[key]))
        with (
            RunningNode(
                tmp_path, redis_url, "-r", "hogs", "--node-id", "busy", queue="default:25,light:1", **beat
            ) as busy,
            RunningNode(tmp_path, redis_url, "-r", "hogs", queue="other:1", **beat).expect_up() as peer,
        ):
            started = wait_pushed(redis, "started", 25)
            for beats in range(3):
                client.enqueue(Job(queue="light", class_="Note", args=[beats]))
                wait_renewed(redis, "verk:node:busy")
                assert wait_pushed(redis, "ran", 1) == [str(beats)]
            (tmp_path / "gate").touch()
            busy.expect(" done: ", 28)

            assert "lease" not in busy.output
            assert "dead node" not in peer.output
    assert sorted(map(int, started)) == list(range(25))
    assert redis.llen("started") == 0
    assert int(redis.get("stat:processed")) == 28
