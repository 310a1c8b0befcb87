"""The counts beside all links, and where Redis is away."""

from __future__ import annotations

from starlette.testclient import TestClient
from support.nodes import running_node

from verk_actors.settings.config import Config
from verk_actors.web import create_app
from verk_actors.wire.job import Job


def test_the_counts_are_those_of_redis(web, client, redis):
    client.enqueue_many([Job(class_="A", args=[], queue="mail"), Job(class_="A", args=[], queue="other")])
    client.schedule(Job(class_="A", args=[]), 60)
    redis.mset({"stat:processed": 1200, "stat:failed": 7})

    stats = web.get("/api/v1/stats").json()

    assert stats.pop("at") > 1e9
    assert stats == {
        "processed": 1200,
        "failed": 7,
        "busy": 0,
        "enqueued": 2,
        "retries": 0,
        "scheduled": 1,
        "dead": 0,
        "limited": 0,
        "queues": 2,
        "nodes": 0,
    }
    assert "1,200" in web.get("/").text


def test_where_redis_is_away_pages_and_programs_are_told(tmp_path):
    app = create_app(Config(redis_url=f"unix://{tmp_path}/nowhere.sock"))
    web = TestClient(app)

    page, answer = web.get("/"), web.get("/api/v1/stats")

    assert (page.status_code, answer.status_code) == (503, 503)
    assert "<h1>Redis can&#39;t be reached</h1>" in page.text
    assert answer.json()["title"] == "Redis can't be reached"
    app.state.site.close()


def test_a_node_is_counted(config, web):
    with running_node(config, queues={"q": 1}):
        assert web.get("/api/v1/stats").json()["nodes"] == 1
