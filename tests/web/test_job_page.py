"""The page of one job: what it tells, wherever the job is, and what can be done there."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable
from urllib.parse import quote

import pytest
import redis as redis_py
from starlette.applications import Starlette
from starlette.testclient import TestClient
from support.nodes import running_node

from verk_actors.client import Client
from verk_actors.settings.config import Config
from verk_actors.store.handles import handle_of
from verk_actors.tree.messages import Tick
from verk_actors.web.views import job_search
from verk_actors.wire.bookkeeping import undecodable
from verk_actors.wire.job import Job

FROM_A_PAGE = {"sec-fetch-site": "same-origin"}
FAILED = {
    "class": "Mail::Send",
    "args": ["<script>alert(1)</script>", {"to": 1}],
    "queue": "low",
    "jid": "j1",
    "retry": 3,
    "retry_count": 0,
    "created_at": 1.5,
    "failed_at": 3.5,
    "error_class": "ValueError",
    "error_message": "<b>no</b>",
    "unknown": {"<i>": 1},
}


def test_a_failed_job_tells_all_that_is_known_of_it_as_text(web: TestClient, redis: redis_py.Redis) -> None:
    payload = json.dumps(FAILED).encode()
    redis.zadd("retry", {payload: 4e9})

    quick = web.get("/jobs/j1", params={"where": "retries", "handle": handle_of(payload, 4e9)})
    searched = web.get("/jobs/j1")

    for answer in (quick, searched):
        text = html.unescape(answer.text)
        assert answer.status_code == 200
        for told in ("Mail::Send", "To be retried", "ValueError", '{"<i>": 1}', '"to": 1', "1970-01-01 00:00:01+00:00"):
            assert told in text
        assert payload.decode() in text
        assert not re.search(r"<script>|<b>|<i>", answer.text)
        assert '/retries/retry"' in answer.text


@pytest.mark.parametrize(("key", "place"), [("schedule", "Scheduled"), ("dead", "Dead"), ("queue:low", "In its queue")])
def test_a_job_is_found_wherever_it_waits(web: TestClient, redis: redis_py.Redis, key: str, place: str) -> None:
    payload = json.dumps({"class": "Add", "args": [], "queue": "low", "jid": "j/1 ?"})
    redis.sadd("queues", "low")
    if key.startswith("queue"):
        redis.lpush(key, payload)
    else:
        redis.zadd(key, {payload: 1})

    answer = web.get(f"/jobs/{quote('j/1 ?', safe='')}")

    assert answer.status_code == 200
    assert place in answer.text


def test_what_is_no_job_has_a_page_too(web: TestClient, redis: redis_py.Redis) -> None:
    redis.zadd("dead", {b"no \xff job": 5})
    text = web.get("/dead").text
    link = re.search(r'href="(/jobs/-\?[^"]*)"', text)
    assert link is not None

    answer = web.get(html.unescape(link[1]))

    assert answer.status_code == 200
    assert "no \\xff job" in answer.text


def test_a_job_that_is_nowhere_is_not_found_unless_it_has_a_result(web: TestClient, redis: redis_py.Redis) -> None:
    redis.set("verk:result:j2", json.dumps({"value": [7, "<b>"]}))

    absent, finished = web.get("/jobs/j1%3Cb%3E"), web.get("/jobs/j2")

    assert absent.status_code == 404
    assert "No job j1&lt;b&gt; waits or runs" in absent.text
    assert finished.status_code == 200
    assert "It has finished" in finished.text
    assert "<b>" not in finished.text


def test_a_long_search_goes_on_by_a_link(
    web: TestClient, redis: redis_py.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_search, "_MOST_PASSED", 20)
    redis.zadd("dead", {json.dumps({**FAILED, "jid": f"j{number}"}): number for number in range(50)})

    answer, parts = web.get("/jobs/j0"), 1
    while more := re.search(r'<div id="search"[^>]* hx-get="([^"]*)"', answer.text):
        assert "Looked at" in answer.text
        answer, parts = web.get(html.unescape(more[1])), parts + 1

    assert parts == 3
    assert "Mail::Send" in answer.text
    assert web.get("/jobs/j0?cursor=nonsense").status_code == 409
    assert web.get("/jobs/j0?where=dead&handle=nonsense").status_code == 400


def test_nothing_of_a_payload_is_shown_where_arguments_may_be_hidden(make_app, redis: redis_py.Redis) -> None:
    envelope = undecodable(b"s3cret", jid="j2", queue="low", reason="no job", now=1.0)
    redis.zadd("dead", {json.dumps({**FAILED, "args": ["s3cret"]}): 1, envelope: 1})
    web = TestClient(make_app(redact=lambda _, args: ["•••"] * len(args)))

    text, enveloped = web.get("/jobs/j1").text, web.get("/jobs/j2").text

    assert "•••" in text
    assert "s3cret" not in text
    assert "[hidden]" in enveloped
    assert base64.b64encode(b"s3cret").decode() not in enveloped


def test_who_may_only_look_sees_no_buttons(make_app, redis: redis_py.Redis) -> None:
    redis.zadd("dead", {json.dumps(FAILED): 1})
    web = TestClient(make_app(read_only=True), headers=FROM_A_PAGE)

    assert 'method="post"' not in web.get("/jobs/j1").text
    assert web.post("/jobs/j1/cancel").status_code == 403


def test_a_waiting_job_is_cancelled_from_its_page(web: TestClient, client: Client, redis: redis_py.Redis) -> None:
    jid = client.enqueue(Job(class_="Add", args=[], queue="low"))

    assert f'action="/jobs/{jid}/cancel"' in web.get(f"/jobs/{jid}?queue=low").text
    said = web.post(f"/jobs/{jid}/cancel")

    assert f"{jid} waited in its queue; it is dead now." in said.text
    assert (redis.llen("queue:low"), redis.zcard("dead")) == (0, 1)
    assert "there is no job that runs or waits" in web.post("/jobs/absent/cancel").text


def test_a_running_job_tells_where_it_is_in_its_code_and_is_cancelled(
    make_app: Callable[..., Starlette], config: Config
) -> None:
    with running_node(config, queues={"q": 1}, cancel_grace_seconds=60.0) as node:
        web = TestClient(make_app(), headers=FROM_A_PAGE)
        jid = node.client.enqueue(Job(class_="Waiting", args=["a"], queue="q"))
        node.jobs.gate.wait_started(1)
        node.whereis("presence").ask(Tick())

        plain, asked = web.get(f"/jobs/{jid}"), web.get(f"/jobs/{jid}?stack=yes")
        said = web.post(f"/jobs/{jid}/cancel")

        assert "Running" in plain.text
        assert "pass_through" not in plain.text
        assert "in Gate.pass_through" in asked.text
        assert "is asked to end" in said.text
        node.jobs.gate.open()
