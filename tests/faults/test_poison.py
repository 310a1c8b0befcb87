"""A job that takes its whole process down, in every way there is: others go on, and it is buried in the end."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from support.commands import RunningNode, wait_pushed

from verk_actors.client import Client
from verk_actors.settings.config import Config
from verk_actors.wire.job import Job

pytestmark = pytest.mark.slow  # an interpreter starts for each death

QUICK = {"VERK_HEARTBEAT_SECONDS": "0.2"}  # a lease of 0.4 s

DEATHS = """
import ctypes, os, resource, signal
from jobs import client
from verk_actors import worker

resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
WAYS = [
    lambda: os._exit(9),
    lambda: ctypes.string_at(0),
    os.abort,
    lambda: os.kill(os.getpid(), signal.SIGKILL),
]

@worker
def Die():
    '''Each run in another way, when the test says so.'''
    client.blpop("die")
    WAYS[client.incr("deaths") - 1]()
"""
EXIT_CODES = [9, -signal.SIGSEGV, -signal.SIGABRT, -signal.SIGKILL]


def deadly_node(cwd: Path, redis_url: str) -> RunningNode:
    (cwd / "deaths.py").write_text(DEATHS)
    return RunningNode(cwd, redis_url, "-r", "deaths", queue="default:3", **QUICK).expect_up()


def test_a_job_that_kills_each_node_that_runs_it_is_buried_after_its_third_recovery(tmp_path, redis_url, redis) -> None:
    """Its peers take it back each time, and other jobs go on.

    A job that runs beside it at each death shares its fate, since nobody can tell the two apart. Neither is lost: put
    back from the dead set, the innocent one runs.
    """
    with Client(Config(redis_url=redis_url)) as client:
        jid = client.enqueue(Job(class_="Die", args=[]))
        beside = client.enqueue(Job(class_="Wait", args=["beside"]))
        for code in EXIT_CODES:
            with deadly_node(tmp_path, redis_url) as node:
                wait_pushed(redis, "started", 1)
                client.enqueue(Job(class_="Note", args=[code]))
                node.expect(" done: ")
                redis.rpush("die", 1)
                assert node.exit_code() == code
        with deadly_node(tmp_path, redis_url) as last:
            last.expect("default: buried 2 jobs recovered from dead nodes more than 3 times within 72 hours")
            client.enqueue(Job(class_="Note", args=["last"]))
            last.expect(" done: ")
            assert wait_pushed(redis, "ran", 5) == [*map(str, EXIT_CODES), "last"]
            assert int(redis.get("deaths")) == len(EXIT_CODES)
            assert not redis.keys("inprogress:*")

            buried = {json.loads(member)["jid"]: member for member in redis.zrange("dead", 0, -1)}
            assert set(buried) == {jid, beside}
            for member in buried.values():
                assert json.loads(member)["error_class"] == "VerkActors::Poisoned"
                assert "it seems to kill them" in json.loads(member)["error_message"]
            assert client.dead.requeue(buried[beside])
            redis.rpush("gate", "open")
            assert wait_pushed(redis, "ran", 1) == ["beside"]
            last.expect(" done: ", 2)

    assert redis.zrange("dead", 0, -1) == [buried[jid]]
    assert not redis.exists("queue:default", "retry")
