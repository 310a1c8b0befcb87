"""The page of periodic jobs and its part of the API, and what they do in Redis."""

from __future__ import annotations

import json
import re

import pytest
from markupsafe import escape
from starlette.testclient import TestClient

from verk_actors.wire.job import Job

NAME = 'nightly/<b>"é'
FORM = "/cron/nightly%2F%3Cb%3E%22%C3%A9"


@pytest.fixture
def entries(client, redis):
    """Add one with a name of every kind, and one that ran; a third is in the code of nodes that are gone."""
    client.cron.add(NAME, Job(class_="Report", args=["<i>"], queue="reports"), "0 3 * * *", timezone="Europe/Berlin")
    client.cron.add("often", Job(class_="Ping", args=[]), "*/5 * * * *")
    client.cron.add("stale", Job(class_="Old", args=[]), "@daily")
    stale = redis.hget("verk:cron", "stale").replace(b'"client"', b'"code"')
    redis.hset("verk:cron", "stale", stale)
    result = {"jid": "j1", "outcome": "failed", "ended_at": 1, "error": "Timeout<"}
    redis.hset("verk:cron:results", "often", json.dumps(result))
    redis.hset("verk:cron:runs", "often", json.dumps({"jid": "j2", "enqueued_at": 1}))


def test_they_are_shown_with_when_they_come_and_how_they_went(web, client, entries):
    client.cron.pause("often")
    page = web.get("/cron").text

    assert re.findall(r'class="badge ?(\w*)">([\w ]+)<', page) == [
        ("warn", "paused"), ("warn", "failed"), ("bad", "no node has it"),
    ]  # fmt: skip
    assert "nightly/&lt;b&gt;&#34;é" in page
    assert 'title="At 03:00 every day, Europe/Berlin"><code>0 3 * * *</code> <span class="faint">Europe/Berlin' in page
    assert 'href="/jobs/j1?queue=default" title="The last that ended: Timeout&lt;"' in page
    assert 'href="/jobs/j2?queue=default"' in page
    assert ': Report [&#34;&lt;i&gt;&#34;]"' in page


def test_without_any_the_page_says_what_to_do(web):
    assert "verk cron add" in web.get("/cron").text


def test_arguments_are_hidden_where_they_are_to_be(make_app, entries):
    web = TestClient(make_app(redact=lambda class_name, args: ["***"] * len(args)))
    assert "&lt;i&gt;" not in web.get("/cron").text
    assert web.get("/api/v1/cron").json()[0]["args"] == ["***"]


def test_one_is_paused_resumed_run_and_removed_by_the_page(web, client, redis, entries):
    assert escape(f"{NAME} is paused.") in web.post(f"{FORM}/pause").text
    assert client.cron.get(NAME).is_paused
    web.post(f"{FORM}/resume")
    assert not client.cron.get(NAME).is_paused
    web.post(f"{FORM}/run")
    assert redis.llen("queue:reports") == 1
    web.post(f"{FORM}/remove")
    assert client.cron.get(NAME) is None
    assert "there is no periodic job" in web.post(f"{FORM}/pause").text
    done = [entry["action"] for entry in web.get("/api/v1/audit").json()]
    assert done == ["pause_cron", "remove_cron", "run_cron", "resume_cron", "pause_cron"]


def test_the_api_lists_adds_and_changes_them(web, client, redis):
    new = {"class": "Report", "args": [1], "queue": "q", "cron": "@daily", "timezone": "Asia/Tokyo", "catch_up": "all"}
    assert web.post("/api/v1/cron/a", json=new).json() == {"message": "a is added.", "count": 1}
    [entry] = web.get("/api/v1/cron").json()
    assert entry == web.get("/api/v1/cron/a").json()
    assert {name: entry[name] for name in new} == new
    assert (entry["source"], entry["is_paused"], entry["last_run"]) == ("client", False, None)

    assert web.post("/api/v1/cron/a/pause").json()["message"] == "a is paused."
    assert web.get("/api/v1/cron/a").json()["next_at"] is None
    assert web.post("/api/v1/cron/a/resume").status_code == 200
    assert web.post("/api/v1/cron/a/run").status_code == 200
    assert redis.llen("queue:q") == 1
    assert web.post("/api/v1/cron/a/remove").status_code == 200
    for path in ("a/pause", "a/run", "a/remove"):
        assert web.post(f"/api/v1/cron/{path}").status_code == 404
    assert web.get("/api/v1/cron/a").status_code == 404
    refused = web.post("/api/v1/cron/a", json=new | {"cron": "often"})
    assert (refused.status_code, "no cron expression" in refused.json()["detail"]) == (400, True)


def test_whoever_may_only_look_has_no_buttons(make_app, entries):
    web = TestClient(make_app(read_only=True), headers={"sec-fetch-site": "same-origin"})
    assert "<button class" not in re.search(r'<section id="cron".*</section>', web.get("/cron").text, re.DOTALL)[0]
    assert web.post("/cron/often/pause").status_code == 403
