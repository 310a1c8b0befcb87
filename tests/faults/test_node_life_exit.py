"""A program ends while its node runs, and nobody has stopped it: at the exit the node drains, in bounded time."""

from __future__ import annotations

import gc
import signal
import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import attrs
import pytest
import redis as redis_py
from support.commands import Command
from support.eventually import eventually

from verk_actors.otp import Ref, start_link
from verk_actors.settings.config import Config
from verk_actors.tree.actor_system import ActorSystem

slow = pytest.mark.slow  # an interpreter starts

PREAMBLE = """
import logging, sys, threading
import redis as redis_py
from verk_actors import ActorSystem, Client, Config, Job, worker

logging.basicConfig(level="INFO", stream=sys.stdout, format="%(message)s")
url, seconds, *more = sys.argv[1:]
redis = redis_py.Redis.from_url(url, socket_timeout=None)

@worker
def Wait(key):
    redis.rpush("started", key)
    redis.blpop("gate")

def start(**settings):
    settings = dict(queues={"q": 1}, redis_url=url, shutdown_timeout_seconds=float(seconds)) | settings
    return ActorSystem.start(Config(**settings)), Client(Config(**settings))

system, client = start()
client.enqueue(Job(class_="Wait", queue="q", args=[1]))
redis.blpop("started")
"""
WAIT_AND_EXIT = """
import pathlib
print("running, and waiting", flush=True)
while not pathlib.Path("go").exists():
    threading.Event().wait(0.01)
sys.exit(7)
"""
ENDS = {
    "main returns": ("", 0, ""),
    "sys.exit": ("sys.exit(7)", 7, ""),
    "an unhandled error": ("raise ValueError('unhandled')", 1, "ValueError: unhandled"),
    "an unhandled Ctrl+C": ("raise KeyboardInterrupt", -signal.SIGINT, "KeyboardInterrupt"),
}


class Script(Command):
    """A program with a node that runs a job, and does not stop it."""

    program: ClassVar[list[str]] = [sys.executable, "-c"]

    def __init__(self, cwd: Path, end: str, url: str, shutdown_timeout_seconds: float) -> None:
        super().__init__(f"{PREAMBLE}\n{end}", url, str(shutdown_timeout_seconds), cwd=cwd)


def nothing_but_the_queue_is_left(redis: redis_py.Redis) -> bool:
    return {key for key in redis.keys("*") if not key.startswith((b"stat:", b"j|", b"h|"))} <= {
        b"queue:q",
        b"queues",
        b"started",
    }


@slow
@pytest.mark.parametrize("end", ENDS)
def test_running_jobs_may_end_before_the_exit_and_its_code_stands(tmp_path, redis_url, redis, end) -> None:
    act, code, said = ENDS[end]
    with Script(tmp_path, act, redis_url, 1000) as script:
        script.expect("queue q pausing")
        redis.rpush("gate", "open")

        assert script.exit_code() == code
        assert said in script.output

    assert int(redis.get("stat:processed")) == 1
    assert nothing_but_the_queue_is_left(redis)
    assert redis.llen("queue:q") == 0


@slow
def test_a_job_that_does_not_end_goes_back_and_does_not_keep_the_program(tmp_path, redis_url, redis) -> None:
    with Script(tmp_path, "sys.exit(7)", redis_url, 0.1) as script:
        assert script.exit_code() == 7
        assert "1 jobs did not end and were abandoned: q.worker_1" in script.output

    assert redis.llen("queue:q") == 1
    assert nothing_but_the_queue_is_left(redis)


@slow
def test_all_nodes_of_a_program_are_stopped_at_its_exit(tmp_path, redis_url, redis) -> None:
    with Script(tmp_path, "for _ in range(2): start(queues={'other': 1})", redis_url, 1000) as script:
        script.expect("queue q pausing")
        redis.rpush("gate", "open")

        assert script.exit_code() == 0

    assert nothing_but_the_queue_is_left(redis)


@slow
def test_a_program_whose_redis_is_away_at_its_exit_ends_and_its_job_stays_in_progress(
    tmp_path, own_server, long
) -> None:
    """In the long form Redis hangs, which takes some seconds more than a refused connection."""
    with (
        own_server.client() as redis,
        Script(tmp_path, WAIT_AND_EXIT, own_server.url, 0.1) as script,
    ):
        script.expect("running, and waiting")
        [key] = redis.keys("inprogress:*")
        if long:
            with own_server.frozen():
                (tmp_path / "go").touch()
                assert script.exit_code() == 7
        else:
            own_server.kill()
            (tmp_path / "go").touch()
            assert script.exit_code() == 7
            own_server.start()
            assert redis.llen(key) == 1


@pytest.mark.logs_errors("giving up")
def test_a_node_that_has_ended_is_not_kept_for_the_exit(config: Config) -> None:
    def node_that_ended(end: Callable[[Ref], object]) -> weakref.ref[ActorSystem]:
        node = ActorSystem(attrs.evolve(config, max_restarts=0))
        system = start_link(node)
        end(system)
        assert system.join(20)
        return weakref.ref(node)

    def crash(system: Ref) -> None:
        system.whereis("event_producer").kill()

    nodes = [node_that_ended(end) for end in (Ref.stop, crash)]

    def forgotten() -> bool:
        gc.collect()
        return all(node() is None for node in nodes)

    eventually(forgotten, "end of the last thread that knows a node")  # one that was killed ends by itself
