"""The pages of limits and their part of the API, and what they do in Redis."""

from __future__ import annotations

import json

import pytest
from starlette.testclient import TestClient

from verk_actors.settings.limit import Limit
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.store import limit_book
from verk_actors.store.connection import Connection
from verk_actors.wire.keys import Keys

ID = 'api:<b>/"é'
PATH = "/limits/api%3A%3Cb%3E%2F%22%C3%A9"
KEYS = Keys()


@pytest.fixture
def filled(redis, redis_url):
    """Have jobs wait for a limit of one customer, whose name is of every kind, which another job holds."""
    connection = Connection(RedisUrl(redis_url), name="test")
    told = [Limit("api", concurrency=2, key="customer"), Limit("mail", rate=5), Limit("one", concurrency=4)]
    limit_book.tell(connection, KEYS, told, 1.0)
    connection.close()
    for number in range(60):
        job = {"class": "Bill", "args": ["<i>"], "jid": f"w{number}", "queue": "q", "enqueued_at": 1.0 + number}
        redis.zadd(KEYS.waiting(ID), {json.dumps(job): 1.0 + number})
    redis.zadd(KEYS.waiting(ID), {"no job": 0})
    redis.zadd(KEYS.limited, {ID: 1})
    redis.hset(KEYS.slots(ID), "held", "n1 token")
    redis.hset(KEYS.slots("one"), "h1", "n1 token")


def test_limits_are_shown_with_what_they_say_who_holds_them_and_who_waits(web, filled):
    page = web.get("/limits").text

    assert "2 at a time for each customer" in page
    assert "5 in 1 s" in page
    assert 'aria-label="1 of 4"' in page
    assert f'href="{PATH}"' in page
    assert "&lt;b&gt;" in page
    assert ">61<" in page


def test_one_is_shown_with_the_jobs_that_wait_page_by_page(web, filled):
    first, second = web.get(PATH).text, web.get(f"{PATH}?page=2").text

    assert 'href="/jobs/held"' in first
    assert "no job" in first
    assert 'href="/jobs/w0"' in first
    assert "[&#34;&lt;i&gt;&#34;]" in first
    assert 'href="/jobs/w59"' in second
    assert "51\u201361 of 61" in second
    assert "Nobody waits" in web.get("/limits/one").text


def test_one_begins_anew_by_the_page_and_by_the_api(web, redis, filled):
    assert "begins anew" in web.post(f"{PATH}/reset").text
    assert not redis.exists(KEYS.slots(ID))
    assert "begins anew" in web.post("/api/v1/limits/one/reset").json()["message"]
    assert not redis.exists(KEYS.slots("one"))


def test_the_api_tells_of_all_and_of_one(web, filled):
    listed = web.get("/api/v1/limits").json()

    assert [one["id"] for one in listed] == ["api", ID, "mail", "one"]
    assert (listed[1]["limit"]["concurrency"], listed[1]["waiting"], listed[1]["held"]) == (2, 61, 1)
    assert web.get(f"/api/v1{PATH}").json() == listed[1]
    assert web.get("/api/v1/stats").json()["limited"] == 61


def test_a_job_that_waits_is_found_and_cancelled(web, redis, filled):
    page = web.get("/jobs/w7").text

    assert "Waits for a limit" in page
    assert web.get("/api/v1/jobs/w7").json()["job"]["where"] == "limit"
    assert "w7 waited for a limit; it is dead now." in web.post("/jobs/w7/cancel").text
    assert redis.zcard(KEYS.waiting(ID)) == 60


def test_where_arguments_may_be_hidden_no_value_is_shown(make_app, filled):
    web = TestClient(make_app(redact=lambda class_name, args: ["***"] * len(args)))

    assert [one["id"] for one in web.get("/api/v1/limits").json()] == ["api", "mail", "one"]
    assert "&lt;b&gt;" not in web.get("/limits").text
    assert web.get(PATH).status_code == web.get(f"/api/v1{PATH}").status_code == 404


def test_without_any_the_page_says_what_to_do(web):
    assert "@worker(limits=" in web.get("/limits").text
