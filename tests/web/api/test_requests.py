"""What a request to the API has to be like."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from verk_actors.store.class_counts import ClassCounts
from verk_actors.wire.histogram import Histogram

API = "/api/v1"


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b'{"handles": [', "application/json", 400),
        (b'{"handles": [NaN]}', "application/json", 400),
        (b"", "application/json", 400),
        (b"\xff", "application/json; charset=utf-8", 400),
        (b'{"handles": []}', "text/plain", 415),
        (b'{"handles": []}', "application/x-www-form-urlencoded", 415),
        (b" " * ((1 << 20) + 1), "application/json", 413),
    ],
    ids=range(7),
)
def test_a_body_is_json_says_so_and_is_short(web, content, content_type, status):
    answer = web.post(f"{API}/sets/dead/retry", content=content, headers={"content-type": content_type})

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["status"] == status


def test_a_program_says_that_it_is_one_and_a_page_of_another_site_is_refused(make_app):
    web = TestClient(make_app())

    assert web.post(f"{API}/queues/mail/pause").status_code == 403
    assert web.post(f"{API}/queues/mail/pause", headers={"x-requested-with": ""}).status_code == 200
    assert web.post(f"{API}/queues/mail/pause", headers={"origin": "http://evil.test"}).status_code == 403


def test_what_can_not_be_done_there_says_what_can(web):
    answer = web.post(f"{API}/stats")

    assert (answer.status_code, set(answer.headers["allow"].split(", "))) == (405, {"GET", "HEAD"})
    assert answer.json()["title"] == "Not possible"


def test_where_it_is_mounted_the_document_says_so(make_app):
    web = TestClient(Starlette(routes=[Mount("/ops/jobs", make_app())]))

    document = web.get("/ops/jobs/api/v1/openapi.json").json()

    assert document["servers"] == [{"url": "/ops/jobs/api/v1"}]
    assert web.get("/ops/jobs/api/v1/stats").status_code == 200


def test_numbers_and_texts_that_json_lacks_do_no_harm(web, redis):
    redis.zadd("dead", {'{"class":"A","jid":"j","args":["\\ud800"],"queue":"q"}': "inf"})

    [row] = web.get(f"{API}/sets/dead").json()["rows"]

    assert (row["at"], row["args"]) == (None, ["\ud800"])
    assert web.get(f"{API}/sets/dead/{row['handle']}").json()["jid"] == "j"


def test_what_has_run_is_told_by_the_day_and_by_class(web, client, redis):
    today = datetime.now(UTC).date()  # noqa: TID251  the server's
    redis.mset({f"stat:processed:{today}": 5, f"stat:failed:{today}": 2})
    client.recent_classes.add({"Mail": ClassCounts(3, 1, 0.5, Histogram((2,) + (0,) * 25))})

    days = web.get(f"{API}/history?days=2").json()
    [mail] = web.get(f"{API}/metrics?class=mai").json()["rows"]
    times = web.get(f"{API}/metrics/Mail?period=4h").json()

    assert {"day": str(today), "processed": 5, "failed": 2} in days
    assert (mail["name"], mail["processed"], mail["failed"], mail["mean_seconds"]) == ("Mail", 3, 1, 0.25)
    assert web.get(f"{API}/metrics?class=nobody").json()["rows"] == []
    assert (times["row"]["seconds"], sum(bucket["count"] for bucket in times["buckets"])) == (0.5, 2)
    assert web.get(f"{API}/metrics?period=5h").json()["detail"] == "period must be one of 1h, 4h, 8h, 24h, 72h"


def test_the_servers_and_what_was_done_are_told(web):
    web.post(f"{API}/queues/mail/pause")

    [server] = web.get(f"{API}/servers").json()
    [entry] = web.get(f"{API}/audit").json()

    assert server["facts"]["role"] == "master"
    assert (entry["action"], entry["target"], entry["outcome"]) == ("pause_queue", "mail", "mail is paused.")


@pytest.mark.parametrize("name", ["a/b", "a/jobs", "100%", "a b?c#d", "ü", "a/pause"])
def test_names_may_hold_any_character_that_is_escaped_in_the_address(web, client, redis, name):
    jid = f"{name}/j"
    redis.lpush(f"queue:{name}", json.dumps({"class": name, "args": [], "jid": jid}))
    queue = f"{API}/queues/{quote(name, safe='')}"

    assert web.get(queue).json()["name"] == name
    assert [job["jid"] for job in web.get(f"{queue}/jobs").json()["jobs"]] == [jid]
    assert web.get(f"{API}/jobs/{quote(jid, safe='')}?queue={quote(name)}").json()["job"]["jid"] == jid
    assert web.get(f"{API}/metrics/{quote(name, safe='')}").json()["row"]["name"] == name
    assert web.post(f"{queue}/pause").json()["message"] == f"{name} is paused."
    assert web.get(f"{queue}/pause").status_code == 405
    assert web.post(f"{queue}/jobs/{quote(jid, safe='')}/delete").json()["count"] == 1
    assert (client.paused_queue_names(), client.queue(name).count()) == ([name], 0)


def test_where_a_server_does_not_give_the_path_as_it_came_names_without_a_slash_will_do(make_app):
    app = make_app()

    async def decoded(scope, receive, send):
        await app({name: value for name, value in scope.items() if name != "raw_path"}, receive, send)

    assert TestClient(decoded).get(f"{API}/queues/a%20b").json()["name"] == "a b"
