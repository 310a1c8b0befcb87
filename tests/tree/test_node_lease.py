"""A lease that lapses or vanishes: who is told, and what the node does then."""

from __future__ import annotations

import hashlib
import time

import pytest
from pykka.messages import ProxyGetAttr
from support.nodes import running_node

from verk_actors.events import JobFenced, JobFinished, LeaseLost, RedisDataLost
from verk_actors.otp.testing import ManualRuntime
from verk_actors.settings.config import Config
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.store.connection import Connection
from verk_actors.store.exchange import Limits
from verk_actors.store.nodes import Nodes
from verk_actors.tree import names
from verk_actors.tree.node_state import Lease
from verk_actors.tree.rescue import Rescue
from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys

NOW = 1_700_000_000.0


def test_a_lease_that_ran_out_is_told_and_held_again_under_a_fresh_token(config: Config, redis) -> None:
    runtime = ManualRuntime()
    with running_node(config, queues={"q": 1}, runtime=runtime) as node:
        key = f"verk:node:{node.config.node_id}"
        before = redis.get(key)
        runtime.clock.move_to(node.config.lease_seconds)  # and no heartbeat came
        redis.delete(key)  # as Redis does then
        node.beat()
        event = node.log.expect(LeaseLost)[0]
        assert (event.node_id, event.redis) == (node.config.node_id, str(config.redis_url))
        assert redis.get(key) not in {before, None}
        node.client.enqueue(Job(queue="q", class_="Good", args=[1]))
        node.log.expect(JobFinished)
        assert node.log.of(RedisDataLost) == []
    runtime.close()


def test_a_lease_covers_what_was_fetched_by_its_token_and_no_longer_than_it_lasts() -> None:
    lease = Lease(ends_at=NOW)
    token = lease.token
    assert lease.covers(token, NOW - 0.1)
    assert not lease.covers(token, NOW)

    lease.renew("another")

    assert not lease.covers(token, NOW - 0.1)
    assert lease.covers("another", NOW - 0.1)


@pytest.mark.logs_errors("data is lost there")
def test_a_job_whose_list_was_emptied_is_fenced_when_it_ends_and_the_node_goes_on(config: Config, redis) -> None:
    with running_node(config, queues={"q": 1}) as node:
        node.client.enqueue(Job(queue="q", class_="Waiting", args=[1]))
        node.jobs.gate.wait_started(1)
        redis.flushall()
        node.beat()
        node.log.expect(RedisDataLost)
        node.jobs.gate.open()
        node.log.expect(JobFenced)
        node.client.enqueue(Job(queue="q", class_="Good", args=[2]))
        node.log.expect(JobFinished, class_="Good")
        assert redis.get("stat:processed") == b"1"


@pytest.fixture
def connection(redis_url: str):
    connection = Connection(RedisUrl(redis_url), name="test")
    yield connection
    connection.close()


@pytest.mark.parametrize(("most", "moved"), [(100, 1200), (2, 1000)])
def test_a_long_rescue_looks_up_between_batches_and_ends_when_the_own_lease_is_lost(
    connection: Connection, redis, most: int, moved: int
) -> None:
    keys = Keys()
    redis.sadd(keys.nodes, "dead")
    redis.sadd(keys.node_queues("dead"), "q")
    redis.lpush(keys.in_progress("q", "dead"), *map(str, range(1200)))
    answers = iter([True] * most + [False])
    Rescue(connection, keys, Limits(), lambda: next(answers), time.time).rescue("dead")
    assert redis.llen(keys.queue("q")) == moved
    assert redis.llen(keys.in_progress("q", "dead")) == 1200 - moved
    assert Nodes(connection, keys).members() == ([] if moved == 1200 else ["dead"])


@pytest.mark.logs_errors("the jobs of dead node dead can't be rescued: settle inprogress:q:dead failed: WRONGTYPE")
def test_poison_that_the_dead_set_refuses_stays_and_other_queues_do_not_wait_for_it(connection, redis) -> None:
    keys = Keys()
    redis.sadd(keys.nodes, "dead")
    redis.sadd(keys.node_queues("dead"), "q", "r")
    redis.lpush(keys.in_progress("q", "dead"), "poison")
    redis.lpush(keys.in_progress("r", "dead"), "job")
    redis.hset(keys.recovered, hashlib.sha1(b"poison").hexdigest(), 3)
    redis.set(keys.dead, "no set")
    answers = iter([True] * 10)

    Rescue(connection, keys, Limits(), lambda: next(answers), time.time).rescue("dead")

    assert redis.lrange(keys.in_progress("q", "dead"), 0, -1) == [b"poison"]
    assert redis.lrange(keys.queue("r"), 0, -1) == [b"job"]
    assert Nodes(connection, keys).members() == ["dead"]


@pytest.mark.logs_errors("buried 1 jobs")
def test_a_burial_keeps_as_many_dead_jobs_as_the_node_does(connection, redis) -> None:
    keys = Keys()
    redis.zadd(keys.dead, {f"dead {number}": NOW + number for number in range(5)})
    redis.sadd(keys.nodes, "dead")
    redis.sadd(keys.node_queues("dead"), "q")
    redis.lpush(keys.in_progress("q", "dead"), "poison")
    redis.hset(keys.recovered, hashlib.sha1(b"poison").hexdigest(), 3)

    Rescue(connection, keys, Limits(max_dead_jobs=3), lambda: True, lambda: NOW + 9).rescue("dead")

    assert redis.zcard(keys.dead) == 3


def test_a_node_that_has_lost_its_lease_rescues_nobody(config: Config, redis) -> None:
    with running_node(config, queues={"q": 1}, heartbeat_seconds=60.0) as node:
        lease, manager = node.state.own_server.lease, node.whereis(names.NODE_MANAGER)
        may = manager.ask(ProxyGetAttr(attr_path=("_renewed_in_time",)))
        assert may()
        lease.held = False
        assert not may()
        lease.held = True
