"""The pages of batches and their part of the API, and what they do in Redis."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from verk_actors.client.workflow import chain, group
from verk_actors.store.batch_progress import BatchProgress
from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys


def job(**options) -> Job:
    return Job(**{"class_": "C", "args": [], "queue": "q"} | options)


@pytest.fixture
def batches(client):
    """Make one of plain jobs, one of which is deleted, and a workflow with a batch within it."""
    client.batch([job() for _ in range(4)], description="<b>Plain", bid="plain", on_complete=job(jid="callback"))
    assert client.queue("q").delete(client.queue("q").range()[0])
    steps = group(job(), chain(job(), job())) | job()
    client.batch(steps, bid="steps")
    [pool] = client._pools.values()
    return BatchProgress(pool, Keys())


def nested_of(client) -> str:
    [nested] = [member.id for member in client.batches.members("steps") if member.is_batch]
    return nested


def test_they_are_listed_with_how_far_they_are(web, client, batches):
    page = web.get("/batches").text

    assert "&lt;b&gt;Plain</a>" in page
    assert re.findall(r'class="badge ?(\w*)">([\w ]+)<', page) == [("info", "running")] * 2
    assert re.findall(r'href="/batches/(\w+)"', page) == ["steps", "plain"]
    assert "step 1 of 2" in page
    assert "0 of 4 have succeeded" in page


def test_one_is_shown_with_its_failed_and_its_pending_members(web, client, batches):
    [failed] = client.batches.members("plain", "failed")
    page = web.get("/batches/plain").text
    assert f'href="/jobs/{failed.id}"' in page
    assert page.count('href="/jobs/') == 4
    assert '<span class="mono">callback</span>' in page
    nested = nested_of(client)
    page = web.get("/batches/steps").text
    assert f'href="/batches/{nested}"' in page
    assert f'aria-label="0% of {nested}"' in page
    assert [one["bid"] for one in web.get("/api/v1/batches/steps").json()["within"]] == [nested]
    assert "1 of 2; 1 members wait" in page
    page = web.get(f"/batches/{nested}").text
    assert 'href="/batches/steps"' in page
    assert f'action="/batches/{nested}/delete"' not in page

    client.queue("q").clear()
    batches.advance("plain", 1e9)
    page = web.get("/batches/plain").text
    assert "failed in part" in page
    assert 'href="/jobs/callback"' in page
    assert web.get("/batches/none").status_code == 404


def test_without_any_the_page_says_what_to_do(web):
    assert "client.batch()" in web.get("/batches").text


def test_there_are_pages_of_many(web, client):
    for number in range(30):
        client.batch([job()], bid=f"b{number}")

    first, second = web.get("/batches").text, web.get("/batches?page=2").text

    assert "1\u201325 of 30" in first
    assert 'href="/batches?page=2"' in first
    assert "26\u201330 of 30" in second
    assert 'href="/batches?page=1"' in second
    assert web.get("/api/v1/batches?page=2&per_page=29").json()["batches"][0]["bid"] == "b0"


def test_one_is_deleted_by_the_page_and_the_api_with_those_within_it(web, client, redis, batches):
    nested = nested_of(client)
    refused = web.post(f"/api/v1/batches/{nested}/delete")
    assert (refused.status_code, "within &#39;steps" in refused.text or "within 'steps" in refused.text) == (409, True)

    assert "is forgotten" in web.post("/batches/plain/delete").text
    assert web.post("/api/v1/batches/steps/delete").json()["message"].startswith("The batch steps is forgotten")

    assert redis.keys("verk:batch*") == []
    assert client.queue("q").count() == 5
    assert web.post("/api/v1/batches/steps/delete").status_code == 404
    assert {entry["action"] for entry in web.get("/api/v1/audit").json()} == {"delete_batch"}


def test_the_api_has_the_same(web, client, batches):
    listed = web.get("/api/v1/batches").json()
    assert (listed["first"], listed["total"], [one["bid"] for one in listed["batches"]]) == (1, 2, ["steps", "plain"])
    details = web.get("/api/v1/batches/plain").json()
    assert details["batch"] == listed["batches"][1]
    figures = {name: details["batch"][name] for name in ("total", "pending", "failed", "done", "percent", "state")}
    assert figures == {"total": 4, "pending": 3, "failed": 1, "done": 0, "percent": 0.0, "state": "running"}
    assert [len(details[which]) for which in ("pending", "failed")] == [3, 1]
    assert details["failed"][0].keys() == {"id", "is_batch"}
    assert web.get("/api/v1/batches/none").status_code == 404


def test_whoever_may_only_look_has_no_button(make_app, batches):
    web = TestClient(make_app(read_only=True), headers={"sec-fetch-site": "same-origin"})
    assert "Delete</button>" not in web.get("/batches/plain").text
    assert web.post("/batches/plain/delete").status_code == 403
