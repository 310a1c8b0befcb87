"""The node on Sidekiq's page: what it shows there, and what it does when it is asked to."""

from __future__ import annotations

import json
import logging
from typing import Any

import attrs
import pytest
import redis as redis_py
from support.async_jobs import AsyncKit, async_queue
from support.eventually import eventually
from support.nodes import Node, running_node

from verk_actors.events import JobFinished, QueuePaused, QueuePausing
from verk_actors.messages import Quiet, ResumeQueue
from verk_actors.otp import NORMAL
from verk_actors.otp.testing import ManualRuntime
from verk_actors.settings.config import Config
from verk_actors.settings.groups import QueueGroup
from verk_actors.tree.messages import Tick
from verk_actors.wire.job import Job

NODE = "verk:process:n1"


@pytest.fixture
def config(config: Config) -> Config:
    return attrs.evolve(config, node_id="n1")


def beat(node: Node) -> None:
    """Have the node beat now, and wait until it has."""
    presence = node.whereis("presence")
    presence.cast(Tick())
    presence.ask(Tick())


def send(node: Node, redis: redis_py.Redis, signal: str) -> None:
    """Ask something of a node as Sidekiq's page does, and wait until it has read it."""
    beat(node)  # the first one forgets what was asked of a process before
    redis.lpush(f"{NODE}-signals", signal)
    beat(node)


def told(redis: redis_py.Redis) -> dict[str, Any]:
    """Return what the node tells of itself, with the fields of `info` among the others."""
    fields = {name.decode(): value.decode() for name, value in redis.hgetall(NODE).items()}
    return {**fields, **json.loads(fields.pop("info"))}


def test_the_node_tells_of_itself_as_sidekiq_does(config: Config, redis) -> None:
    """Conformance cases 236 and 247: a node adds itself to the processes, and takes itself off again."""
    groups = {"web": QueueGroup(queues=["r", "s"], size=4)}
    with running_node(config, queues={"q": 3, "p": 2}, groups=groups) as node:
        beat(node)
        assert redis.smembers("processes") == {NODE.encode()}
        process = told(redis)
        assert (process["identity"], process["tag"], process["queues"]) == (NODE, "n1", ["q", "p", "r", "s"])
        assert (process["concurrency"], process["busy"], process["quiet"]) == (9, "0", "false")
        assert {"hostname", "pid", "started_at", "labels", "beat"} <= process.keys()
        assert int(process["rss"]) > 1000
        shares = json.loads(process["shares"])
        assert {queue: share["size"] for queue, share in shares.items()} == {"q": 3, "p": 2, "r": 4, "s": 4}
        assert shares["q"] == {"size": 3, "busy": 0, "status": "running"}
        assert int(process["rtt_us"]) > 0
    assert not redis.exists("processes", NODE)


def test_running_jobs_are_told_of_as_they_are_in_redis(config: Config, redis) -> None:
    with running_node(config, queues={"q": 3}) as node:
        jid = node.client.enqueue(Job(queue="q", class_="Waiting", args=["é"]))
        node.jobs.gate.wait_started(1)
        beat(node)
        [(worker, text)] = redis.hgetall(f"{NODE}:work").items()
        work = json.loads(text)
        assert worker.startswith(b"q.worker_")
        assert work["queue"] == "q"
        assert work["payload"].encode() == redis.lindex("inprogress:q:n1", 0)
        assert (json.loads(work["payload"])["jid"], told(redis)["busy"]) == (jid, "1")
        assert type(work["run_at"]) is int
        node.jobs.gate.open()
        node.log.expect(JobFinished)
        eventually(lambda: node.state.queues["q"].running_jobs.held == {}, "settled")
        beat(node)
        assert (redis.exists(f"{NODE}:work"), told(redis)["busy"]) == (0, "0")


def test_the_tasks_of_one_loop_are_told_apart(config: Config, redis) -> None:
    kit = AsyncKit()
    with running_node(config, kit, queues={"q": async_queue(size=5)}) as node:
        jids = {node.client.enqueue(Job(queue="q", class_="Hold", args=[number])) for number in range(3)}
        for number in range(3):
            kit.wait_seen("began", number)
        beat(node)
        shown = {json.loads(json.loads(text)["payload"])["jid"] for text in redis.hvals(f"{NODE}:work")}
        assert shown == jids
        kit.open()


def test_it_beats_every_five_seconds(config: Config, redis) -> None:
    runtime = ManualRuntime()
    with running_node(config, runtime=runtime, poll_interval_seconds=36_000.0, heartbeat_seconds=36_000.0):
        runtime.settle()
        redis.config_resetstat()
        runtime.advance(600)
        assert redis.info("commandstats")["cmdstat_hset"]["calls"] == 120


def test_tstp_stops_fetching(config: Config, redis) -> None:
    with running_node(config, queues={"q": 3, "p": 2}) as node:
        node.client.enqueue(Job(queue="q", class_="Waiting", args=[1]))
        node.jobs.gate.wait_started(1)
        send(node, redis, "TSTP")
        node.log.expect(QueuePausing, 2)
        beat(node)
        assert told(redis)["quiet"] == "true"
        node.jobs.gate.open()
        node.log.expect(QueuePaused, 2)
        node.log.expect(JobFinished)
        node.client.enqueue(Job(queue="q", class_="Good", args=[2]))
        node.system.ask(ResumeQueue("q"))
        node.log.expect(JobFinished, class_="Good")


def test_a_system_may_be_told_to_be_quiet(config: Config) -> None:
    with running_node(config, queues={"q": 3, "p": 2}) as node:
        node.system.ask(Quiet())
        node.log.expect(QueuePaused, 2)


def test_term_stops_the_system_which_drains(config: Config, redis) -> None:
    with running_node(config, queues={"q": 3}) as node:
        node.client.enqueue(Job(queue="q", class_="Waiting", args=[1]))
        node.jobs.gate.wait_started(1)
        send(node, redis, "TERM")
        node.log.expect(QueuePausing)
        beat(node)  # it tells of itself until the last job has ended
        assert (told(redis)["quiet"], told(redis)["busy"]) == ("true", "1")
        node.jobs.gate.open()
        node.system.join()
        assert node.system.reason == NORMAL
        assert node.jobs.runs["Waiting", 1] == 1
        assert not redis.exists("processes", NODE, "inprogress:q:n1")


def test_ttin_writes_to_the_log_where_each_thread_is(config: Config, redis, caplog) -> None:
    with running_node(config, queues={"q": 1}) as node, caplog.at_level(logging.WARNING, "verk_actors"):
        node.client.enqueue(Job(queue="q", class_="Waiting", args=[1]))
        node.jobs.gate.wait_started(1)
        send(node, redis, "TTIN")
        eventually(lambda: "thread MainThread: " in caplog.text, "the last stack")
        [line] = [line for line in caplog.messages if "q.worker_1, " in line]
        assert "in Gate.pass_through < " in line


def test_a_signal_that_nobody_knows_is_told_of_and_does_nothing(config: Config, redis, caplog) -> None:
    with running_node(config, queues={"q": 1}) as node:
        send(node, redis, "HUP\nforged line")
        eventually(lambda: "no signal of that name is known: HUP\\nforged line" in caplog.text, "the warning")


def test_a_node_may_keep_off_the_page(config: Config, redis) -> None:
    with running_node(config, queues={"q": 1}, presence=False) as node:
        assert node.system.whereis("presence") is None
        assert not redis.exists("processes")


def test_a_successor_of_the_actor_misses_no_signal(config: Config, redis) -> None:
    with running_node(config, queues={"q": 1}) as node:
        beat(node)
        redis.lpush(f"{NODE}-signals", "TSTP")
        presence = node.whereis("presence")
        presence.kill()
        node.successor(presence)
        node.log.expect(QueuePaused)
