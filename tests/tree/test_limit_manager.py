"""The LimitManager calls those that wait, whoever forgot to tell it, and frees what the dead have left."""

from __future__ import annotations

import json
import time

import pytest
from support.eventually import eventually
from support.jobs import JobKit
from support.nodes import running_node

from verk_actors.events import JobFinished, QueuePaused
from verk_actors.jobs.job_class import worker
from verk_actors.messages import PauseQueue
from verk_actors.otp.testing import ManualRuntime
from verk_actors.settings.config import Config
from verk_actors.settings.limit import Limit
from verk_actors.settings.queues import QueueConfig
from verk_actors.tree import names
from verk_actors.tree.messages import LimitsMoved, Tick
from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys

KEYS = Keys()
STEADY = {"heartbeat_seconds": 0.05, "presence": False}


def kit(*limits: Limit) -> JobKit:
    """Return job classes, one of which has limits."""
    jobs = JobKit()
    worker(name="Limited", registry=jobs.registry, limits=limits)(lambda *_: None)
    return jobs


def wait_for(redis, limit_id: str, *jids: str, at: float = 1.0) -> None:
    """Have jobs wait for a limit, as if they had been put aside long ago."""
    for jid in jids:
        redis.zadd(KEYS.waiting(limit_id), {json.dumps({"class": "Limited", "args": [], "jid": jid, "queue": "q"}): at})
    redis.zadd(KEYS.limited, {limit_id: at})


def all_run(redis, count: int) -> None:
    """Wait for that many runs, as Redis counts them: those of a node's first moment are over before a probe listens."""
    eventually(lambda: int(redis.get(KEYS.processed) or 0) == count, f"{count} jobs have run")


def test_jobs_that_wait_since_before_the_node_came_are_called(config: Config, redis) -> None:
    wait_for(redis, "one", *map(str, range(30)))

    with running_node(config, kit(Limit("one", concurrency=3)), queues={"q": 5}):
        all_run(redis, 30)
        eventually(lambda: not redis.keys("verk:limit[:@]*"), "nothing is left of the limit")


def test_a_limit_that_no_node_knows_is_none_after_a_minute(config: Config, redis, caplog) -> None:
    wait_for(redis, "gone", *map(str, range(3)))
    wait_for(redis, "other", "theirs", at=time.time() - 5)

    with running_node(config, kit(), queues={"q": 5}):
        all_run(redis, 3)
        assert redis.zcard(KEYS.waiting("other")) == 1
    assert "gone, which no node knows" in caplog.text


def test_slots_of_dead_nodes_are_free_when_a_job_wants_one(config: Config, redis) -> None:
    redis.hset(KEYS.slots("one"), mapping={"a": "dead token", "b": "dead token"})

    with running_node(config, kit(Limit("one", concurrency=2)), queues={"q": 5}, **STEADY) as node:
        node.client.enqueue(Job(queue="q", class_="Limited", args=[]))
        node.log.expect(JobFinished)
        eventually(lambda: not redis.exists(KEYS.slots("one")), "no slot is held")


def test_a_slot_of_this_node_that_no_job_of_it_has_is_free_after_two_looks(config: Config, redis) -> None:
    runtime, jobs = ManualRuntime(), kit(Limit("one", concurrency=1))
    with running_node(config, jobs, queues={"q": 5}, runtime=runtime, heartbeat_seconds=6.0, presence=False) as node:
        runtime.advance(12)
        token = node.state.own_server.lease.token
        redis.hset(KEYS.slots("one"), "lost", f"{node.config.node_id} {token}")
        node.client.enqueue(Job(queue="q", class_="Limited", args=[]))
        eventually(lambda: redis.zcard(KEYS.waiting("one")), "the job waits")
        runtime.advance(0)
        assert not node.log.of(JobFinished)
        runtime.advance(6)
        node.whereis(names.LIMIT_MANAGER).cast(LimitsMoved(frozenset({"one"})))
        node.log.expect(JobFinished)


def test_a_job_of_a_paused_queue_takes_up_no_room_of_others(config: Config, redis) -> None:
    """It waits in its queue instead, as all jobs of that queue do."""
    limit = Limit("one", concurrency=1)
    with running_node(config, kit(limit), queues={"q": QueueConfig(size=2), "r": 2}) as node:
        node.client.queue("q").pause()
        node.log.expect(QueuePaused, queue="q")
        wait_for(redis, "one", *map(str, range(25)))
        node.client.enqueue(Job(queue="r", class_="Limited", args=[]))
        node.log.expect(JobFinished, queue="r")
        eventually(lambda: redis.llen("queue:q") == 25, "those of the paused queue are back in it")
        node.client.queue("q").resume()
        node.log.expect(JobFinished, 26)


def test_a_word_that_is_lost_costs_seconds(config: Config, redis) -> None:
    with running_node(config, kit(Limit("one", concurrency=1)), queues={"q": 5}) as node:
        redis.hset(KEYS.slots("one"), "other", "n2 token")
        redis.set(KEYS.node("n2"), "token")
        node.client.enqueue(Job(queue="q", class_="Limited", args=[]))
        eventually(lambda: redis.zcard(KEYS.waiting("one")), "the job waits")
        eventually(lambda: 1 < redis.zscore(KEYS.limited, "one") - time.time() < 6, "the time of the next look")
        redis.delete(KEYS.slots("one"))  # of which nobody tells
        redis.zadd(KEYS.limited, {"one": 0})
        node.whereis(names.LIMIT_MANAGER).cast(Tick())
        node.log.expect(JobFinished)


@pytest.mark.logs_errors("Redis refuses this")
def test_keys_that_hold_something_else_hold_up_no_other_limit(config: Config, redis) -> None:
    wait_for(redis, "one", "1", "2")
    redis.set(KEYS.waiting("two"), "no set")
    redis.zadd(KEYS.limited, {"two": 1})

    jobs = kit(Limit("one", concurrency=1), Limit("two", concurrency=1))
    with running_node(config, jobs, queues={"other": 1}) as node:
        eventually(lambda: redis.llen("queue:q"), "the one of the other limit that has room")
        node.whereis(names.LIMIT_MANAGER).cast(LimitsMoved(frozenset({"two"})))
        node.system.ask(PauseQueue("other"))
