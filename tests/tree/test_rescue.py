"""Jobs that killed their nodes too often: buried, and told of."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from support.nodes import running_node

from verk_actors.events import Event, JobDead, JobMalformed
from verk_actors.settings.config import Config
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.store.connection import Connection
from verk_actors.store.exchange import Limits
from verk_actors.tree.rescue import Rescue
from verk_actors.wire.keys import Keys

NOW, KEYS = 1_700_000_000.5, Keys()


@pytest.fixture
def connection(redis_url: str) -> Iterator[Connection]:
    connection = Connection(RedisUrl(redis_url), name="test")
    yield connection
    connection.close()


def leave(redis, *payloads: bytes) -> None:
    """Leave jobs in progress at a node that is dead; its name comes last, by which others find them."""
    redis.lpush(KEYS.in_progress("q", "dead"), *payloads)
    redis.sadd(KEYS.node_queues("dead"), "q")
    redis.sadd(KEYS.nodes, "dead")


@pytest.mark.logs_errors("buried 2 jobs recovered from dead nodes more than 1 times within 72 hours")
def test_a_job_that_comes_back_more_often_than_it_may_is_buried_and_told_of(connection: Connection, redis) -> None:
    told: list[Event] = []
    rescue = Rescue(connection, KEYS, Limits(max_recoveries=1), lambda: True, lambda: NOW, tell=told.extend)
    payloads = b'{"class":"Killer","args":[1],"jid":"k"}', b"no job"
    leave(redis, *payloads)
    rescue.rescue("dead")
    assert (told, set(redis.lrange("queue:q", 0, -1))) == ([], set(payloads))
    redis.delete("queue:q")

    leave(redis, *payloads)
    rescue.rescue("dead")

    [dead] = [event for event in told if isinstance(event, JobDead)]
    [malformed] = [event for event in told if isinstance(event, JobMalformed)]
    assert (dead.queue, dead.job.jid, dead.died_at, dead.reason) == ("q", "k", NOW, "poisoned")
    assert (dead.error_class, malformed.payload) == ("VerkActors::Poisoned", b"no job")
    written = [json.loads(member) for member in redis.zrange("dead", 0, -1)]
    [killer] = [job for job in written if job["class"] == "Killer"]
    assert killer["error_message"] == dead.error_message
    assert {job["jid"] for job in written} == {"k", malformed.jid}
    assert not redis.exists("queue:q", KEYS.in_progress("q", "dead"))


@pytest.mark.slow  # a node waits for as long as a lease lasts before it rescues others
@pytest.mark.logs_errors("buried 1 jobs recovered from dead nodes more than 0 times within 72 hours")
def test_the_listeners_of_a_node_are_told_of_jobs_that_it_buried(config: Config, redis) -> None:
    with running_node(config, queues={"q": 1}, heartbeat_seconds=0.2, max_recoveries=0) as node:
        leave(redis, b'{"class":"Killer","args":[1],"jid":"k"}')  # not before somebody listens
        [dead] = node.log.expect(JobDead)
    assert (dead.job.jid, dead.reason) == ("k", "poisoned")
