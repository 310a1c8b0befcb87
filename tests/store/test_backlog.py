"""What is left for a node to do."""

from __future__ import annotations

import pytest

from verk_actors.settings.redis_url import RedisUrl
from verk_actors.store.backlog import Backlog
from verk_actors.store.connection import Connection
from verk_actors.wire.keys import Keys


@pytest.fixture
def backlog(redis_url):
    connection = Connection(RedisUrl(redis_url), name="test")
    yield Backlog(connection, Keys(), "n1", ["a", "b"])
    connection.close()


def test_nothing_is_left_where_there_is_nothing_of_the_node(backlog, redis):
    redis.lpush("queue:c", "job")
    redis.lpush("inprogress:a:n2", "job")
    redis.zadd("schedule", {"job": redis.time()[0] + 3600})

    assert backlog.is_empty()


@pytest.mark.parametrize("key", ["queue:a", "queue:b", "inprogress:a:n1", "inprogress:b:n1"])
def test_a_job_of_its_queues_is_left(backlog, redis, key):
    redis.lpush(key, "job")

    assert not backlog.is_empty()


@pytest.mark.parametrize("key", ["retry", "schedule"])
def test_a_job_that_is_due_is_left(backlog, redis, key):
    redis.zadd(key, {"job": redis.time()[0] - 1})

    assert not backlog.is_empty()


def test_a_node_without_queues_has_nothing_but_what_is_due(redis_url):
    connection = Connection(RedisUrl(redis_url), name="test")

    assert Backlog(connection, Keys(), "n1", []).is_empty()
    connection.close()


def test_a_job_of_its_queues_that_waits_for_a_limit_is_left(backlog, redis):
    redis.zadd("verk:limited", {"one": 1, "two": 1})
    redis.zadd("verk:limit:one:waiting", {'{"class":"C","args":[],"jid":"1","queue":"c"}': 1, "no job": 2})
    assert backlog.is_empty()
    redis.zadd("verk:limit:two:waiting", {'{"class":"C","args":[],"jid":"1","queue":"a"}': 1})

    assert not backlog.is_empty()
