"""A node is told to end, in the middle of its work: what becomes of its jobs, and how it exits.

What each signal does is in tests/test_node.py; here it is asked of every job where it went.
"""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
import pytest
import redis as redis_py
from support.commands import RunningNode
from support.eventually import eventually
from support.jobs import JobKit
from support.nodes import running_node
from support.servers import OwnServer

from verk_actors.client import Client
from verk_actors.events import JobFinished, JobStarted
from verk_actors.settings.config import Config
from verk_actors.wire.job import Job

slow = pytest.mark.slow  # interpreters start
QUICK = {"VERK_HEARTBEAT_SECONDS": "0.2"}  # a lease of 0.4 s, so that its end is no long wait

NAPS = """
import time
from jobs import client
from verk_actors import worker

@worker
def Nap(key):
    client.rpush("started", key)
    time.sleep(0.02)
    client.rpush("ran", key)
"""

HOLDS = """
import os, pathlib, time
from verk_actors import worker

@worker
def Hold(key):
    '''Runs until there is a file; needs no Redis.'''
    os.write(1, b"holds\\n")
    while not pathlib.Path("gate").exists():
        time.sleep(0.01)
    os.write(1, b"lets go\\n")
"""


@contextmanager
def holding_node(cwd: Path, server: OwnServer, *arguments: str) -> Iterator[RunningNode]:
    """Run a node that has begun two jobs which end when there is a file `gate`."""
    (cwd / "holds.py").write_text(HOLDS)
    with Client(Config(redis_url=server.url)) as client:
        for key in (1, 2):
            client.enqueue(Job(class_="Hold", args=[key]))
    with RunningNode(cwd, server.url, "-r", "holds", *arguments, queue="default:2", **QUICK) as node:
        node.expect("holds\n", 2)
        yield node


def keys_of_nodes(redis: redis_py.Redis) -> list[bytes]:
    return [key for key in redis.keys("*") if key.startswith((b"inprogress", b"verk"))]


# -- row 27: SIGTERM and short jobs


@slow
@pytest.mark.timeout(900)
def test_a_node_that_is_told_to_end_finishes_its_short_jobs_and_starts_none_twice(
    tmp_path, redis_url, redis, long
) -> None:
    """Over and over; in the long form two hundred times, and `-rP` shows the slowest exit."""
    runs, jobs_per_run = (200 if long else 5), 15
    (tmp_path / "naps.py").write_text(NAPS)
    slowest = 0.0
    for run in range(runs):
        with Client(Config(redis_url=redis_url)) as client:  # each run has some, had those before it run all of theirs
            for key in range(run * jobs_per_run, (run + 1) * jobs_per_run):
                client.enqueue(Job(class_="Nap", args=[key]))
        seen = redis.llen("ran")
        with RunningNode(tmp_path, redis_url, "-r", "naps", queue="default:5").expect_up() as node:
            eventually(lambda seen=seen, run=run: redis.llen("ran") >= seen + run % 5, "jobs that ran")
            told_at = time.monotonic()
            node.send(signal.SIGTERM)

            assert node.exit_code() == 0
        slowest = max(slowest, time.monotonic() - told_at)
        assert redis.llen("started") == redis.llen("ran")
        assert keys_of_nodes(redis) == []
    print(f"the slowest of {runs} exits took {slowest:.2f} s")

    left = redis.llen("queue:default")
    started, ran = (Counter(redis.lrange(key, 0, -1)) for key in ("started", "ran"))
    assert started == ran
    assert set(ran.values()) == {1}
    assert len(ran) + left == runs * jobs_per_run
    assert int(redis.get("stat:processed")) == len(ran)
    assert not redis.exists("retry", "dead", "stat:failed")


# -- row 28: jobs that outlast the shutdown timeout


@pytest.mark.logs_errors("q.worker_1 did not stop within 1.5 s")
def test_a_job_that_outlasts_the_timeout_starts_elsewhere_at_once_and_its_first_run_settles_nothing(
    config: Config, redis
) -> None:
    """At once: the other node need not wait for the end of a lease, which here is later than the test's."""
    first_kit, second_kit = JobKit(), JobKit()
    try:
        with running_node(config, first_kit, queues={"q": 1}, shutdown_timeout_seconds=0.05) as first:
            jid = first.client.enqueue(Job(queue="q", class_="Waiting", args=[1]))
            first_kit.gate.wait_started(1)
            second_config = attrs.evolve(config, node_id="second")
            with running_node(second_config, second_kit, queues={"q": 1}) as second:
                first.system.stop()
                second.log.expect(JobStarted, jid=jid)
                second_kit.gate.wait_started(1)

                first_kit.gate.open()
                first_kit.gate.wait_ended(1)
                eventually(lambda: not first.system.runtime.abandoned(), "end of the first run's thread")

                assert redis.llen("inprogress:q:second") == 1
                assert not redis.exists("stat:processed")
                second_kit.gate.open()
                second.log.expect(JobFinished, jid=jid)
                eventually(lambda: not redis.exists("inprogress:q:second"), "settled job")
    finally:
        first_kit.gate.open()
    assert int(redis.get("stat:processed")) == 1
    assert not redis.exists("queue:q", "retry", "dead", "stat:failed")


@slow
def test_jobs_handed_back_by_a_node_that_exits_run_on_its_peer(tmp_path, own_server) -> None:
    with (
        own_server.client() as redis,
        holding_node(tmp_path, own_server, "-t", "0.1") as first,
        RunningNode(tmp_path, own_server.url, "-r", "holds", queue="default:2").expect_up() as peer,
    ):
        first.send(signal.SIGTERM)
        assert first.exit_code() == 0
        peer.expect("holds\n", 2)
        (tmp_path / "gate").touch()
        peer.expect(" done: ", 2)

        assert "lets go" not in first.output
        assert int(redis.get("stat:processed")) == 2


# -- row 30: more signals than one


@slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_gives_the_jobs_back_and_a_peer_runs_them(tmp_path, own_server, number) -> None:
    with (
        own_server.client() as redis,
        holding_node(tmp_path, own_server, "-t", "1000") as first,
        RunningNode(tmp_path, own_server.url, "-r", "holds", queue="default:2").expect_up() as peer,
    ):
        first.send(number)
        first.expect("the node drains")
        first.send(number)
        assert first.exit_code() == 128 + number
        peer.expect("holds\n", 2)
        (tmp_path / "gate").touch()
        peer.expect(" done: ", 2)

        assert int(redis.get("stat:processed")) == 2


@slow
def test_a_third_signal_ends_the_process_whatever_hangs_and_its_jobs_stay(tmp_path, own_server) -> None:
    with holding_node(tmp_path, own_server, "-t", "1000") as node:
        with own_server.frozen():
            for said in ("the node drains", "the node stops now"):
                node.send(signal.SIGTERM)
                node.expect(said)
            node.send(signal.SIGTERM)

            assert node.exit_code() == 128 + signal.SIGTERM
        with own_server.client() as redis:
            kept = [job for key in redis.keys("[iq]*:*") for job in redis.lrange(key, 0, -1)]
            assert len(kept) == 2  # in progress, or in the queue where Redis got the word after all


# -- row 31: SIGTERM while Redis is away


@slow
def test_a_node_whose_redis_is_down_exits_with_1_and_a_peer_takes_its_jobs_later(tmp_path, own_server) -> None:
    with holding_node(tmp_path, own_server, "-t", "0.1") as node:
        own_server.kill()
        (tmp_path / "gate").touch()
        node.expect("lets go", 2)
        node.send(signal.SIGTERM)

        assert node.exit_code() == 1
        assert "stopped: Redis was away, so it keeps 2 jobs in progress and its lease" in node.output
    own_server.start()
    with own_server.client() as redis:
        [key] = redis.keys("inprogress:default:*")
        assert redis.llen(key) == 2
        # A longer lease: one that ends during the stop can't be given back, and would stay among the keys.
        beat = {"VERK_HEARTBEAT_SECONDS": "1"}
        with RunningNode(tmp_path, own_server.url, "-r", "holds", queue="default:2", **beat) as peer:
            peer.expect(" done: ", 2)
            peer.send(signal.SIGTERM)
            assert peer.exit_code() == 0
        assert int(redis.get("stat:processed")) == 2
        left = {key for key in keys_of_nodes(redis) if not key.startswith(b"verk:process:")}  # those expire
        assert left == {b"verk:recovered"}


@slow
def test_a_node_whose_redis_hangs_exits_with_1_and_no_job_is_lost_or_settled_twice(tmp_path, own_server) -> None:
    """What was sent may be done once Redis goes on; so a job was settled then, or is in progress, never both."""
    with holding_node(tmp_path, own_server, "-t", "0.1") as node:
        with own_server.frozen():
            (tmp_path / "gate").touch()
            node.expect("lets go", 2)
            node.send(signal.SIGTERM)

            assert node.exit_code() == 1
        assert "stopped: Redis was away" in node.output
    with own_server.client() as redis, RunningNode(tmp_path, own_server.url, "-r", "holds", **QUICK):
        eventually(lambda: int(redis.get("stat:processed") or 0) == 2, "two settled jobs")
        eventually(lambda: not redis.keys("inprogress:*"), "empty in-progress list")
        assert not redis.exists("queue:default", "retry", "dead")


@slow
def test_an_idle_node_whose_redis_is_down_exits_with_1_as_its_lease_stays(tmp_path, own_server) -> None:
    with RunningNode(tmp_path, own_server.url).expect_up() as node:
        own_server.kill()
        node.send(signal.SIGTERM)

        assert node.exit_code() == 1
        assert "stopped: Redis was away, so it keeps its lease until" in node.output


@slow
def test_a_node_that_never_reached_redis_has_nothing_to_give_back(tmp_path, own_server) -> None:
    own_server.kill()
    with RunningNode(tmp_path, own_server.url).expect_up() as node:
        node.send(signal.SIGTERM)

        assert node.exit_code() == 0
