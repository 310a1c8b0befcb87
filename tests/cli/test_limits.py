"""`verk limits`: who waits, who holds what, a new beginning; and `verk jobs` of a limit."""

from __future__ import annotations

import json
import time

import pytest

from verk_actors.settings.limit import Limit
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.store import limit_book
from verk_actors.store.connection import Connection
from verk_actors.wire.keys import Keys

KEYS = Keys()


@pytest.fixture
def filled(redis, redis_url):
    """Have a job wait for a limit that another one holds."""
    connection = Connection(RedisUrl(redis_url), name="test")
    limit_book.tell(connection, KEYS, [Limit("api", concurrency=2, key="customer"), Limit("mail", rate=5)], 1.0)
    connection.close()
    payload = json.dumps({"class": "Bill", "args": [7], "jid": "waits", "queue": "q", "retry": True})
    redis.zadd("verk:limit:api:7:waiting", {payload: time.time() - 90})
    redis.zadd("verk:limited", {"api:7": 1})
    redis.hset("verk:limit:api:7:slots", "held", "n1 token")


def test_limits_are_listed(verk_here, redis_url, filled):
    said = verk_here("limits", "--redis", redis_url).stdout
    heading, *lines = [line.split() for line in said.splitlines()]
    assert heading == ["LIMIT", "SAYS", "WAITING", "FOR", "HELD", "NEXT", "START"]
    assert [line[0] for line in lines] == ["api", "api:7", "mail"]
    assert " ".join(lines[1]).startswith("api:7 2 at a time for each customer 1 ")
    assert lines[2][1:] == ["5", "in", "1", "s", "0", "0"]
    listed = json.loads(verk_here("limits", "list", "--json", "--redis", redis_url).stdout)
    assert [(one["id"], one["waiting"], one["limit"]["name"]) for one in listed] == [
        ("api", 0, "api"), ("api:7", 1, "api"), ("mail", 0, "mail"),
    ]  # fmt: skip


def test_where_there_are_none_it_says_so(verk_here, redis_url):
    assert verk_here("limits", "--redis", redis_url).stdout == "no limits\n"


def test_one_is_shown_with_who_holds_it(verk_here, redis_url, filled):
    assert "\n  held on n1\n" in verk_here("limits", "show", "api:7", "--redis", redis_url).stdout
    assert json.loads(verk_here("limits", "show", "api:7", "--json", "--redis", redis_url).stdout)["held"] == 1
    assert "no node tells" in verk_here("limits", "show", "other", "--redis", redis_url).stdout


def test_one_begins_anew(verk_here, redis_url, redis, filled):
    said = verk_here("limits", "reset", "api:7", "--yes", "--redis", redis_url)

    assert said.stdout == "api:7 begins anew\n"
    assert not redis.exists("verk:limit:api:7:slots")


def test_jobs_that_wait_for_a_limit_are_listed_shown_and_cancelled(verk_here, redis_url, redis, filled):
    assert "waits" in verk_here("jobs", "list", "limit:api:7", "--redis", redis_url).stdout
    assert "limit:api:7" in verk_here("jobs", "show", "waits", "--redis", redis_url).stdout
    said = verk_here("jobs", "cancel", "waits", "--yes", "--redis", redis_url)

    assert said.stdout == "cancelled, in limit\n"
    assert (redis.zcard("dead"), redis.zcard("verk:limit:api:7:waiting")) == (1, 0)
