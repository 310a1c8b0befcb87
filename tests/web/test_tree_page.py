"""`/tree`: a node's supervision tree and its restarts, as the node tells them."""

from __future__ import annotations

import json
import threading
from xml.etree import ElementTree

import attrs
import pytest
import redis as redis_py
from starlette.testclient import TestClient
from support.nodes import running_node

from verk_actors.settings.redis_url import RedisUrl
from verk_actors.web.views import supervision


def answer_once(redis_url: str, node_id: str, answer: bytes) -> threading.Thread:
    """Have somebody answer one question to a node."""

    def work() -> None:
        with redis_py.Redis.from_url(redis_url) as client:
            found = client.blpop([f"verk:node:{node_id}:requests"], timeout=20)
            client.rpush(b"verk:reply:" + found[1].partition(b" ")[0], answer)

    thread = threading.Thread(target=work)
    thread.start()
    return thread


@pytest.fixture
def claimed(redis):
    """Return the id of a node that lives and answers nothing."""
    redis.sadd("verk_nodes", "<b>")
    redis.set("verk:node:<b>", "token", px=60_000)
    return "<b>"


def test_the_tree_of_a_node_is_shown_as_a_picture_and_as_a_list_with_its_restarts(web, config):
    with running_node(config, queues={"default": 3}) as node:
        killed = node.whereis("queue_stats")
        killed.kill()
        node.successor(killed)
        page = web.get("/tree").text
        picture = web.get("/tree.svg")

    assert f'<h2 id="tree-title">Node {node.config.node_id}</h2>' in page
    assert page.count("default.workers_manager") >= 2  # in the picture, and in the list
    assert '<td class="reason">killed</td>' in page
    assert "one for one: restarted queue_stats" in page
    assert picture.headers["content-type"] == "image/svg+xml"
    texts = {element.text for element in ElementTree.fromstring(picture.text).iter()}
    assert {"node_manager", "default.pool", "one for one"} <= texts


def test_without_a_node_it_says_what_to_do(web):
    assert "Start one with <code>verk run</code>" in web.get("/tree").text
    assert web.get("/tree.svg").status_code == 404


def test_a_node_that_does_not_answer_is_named_and_stays_text(web, claimed, monkeypatch):
    monkeypatch.setattr(supervision, "_ANSWER_SECONDS", 0.05)

    assert "Node &lt;b&gt; did not answer." in web.get("/tree").text


NO_AGE = b'{"tree": {"name": "a", "kind": "A", "state": "running", "age_seconds": "nan"}, "restarts": []}'


@pytest.mark.parametrize("answer", [b"", b"[1]", b'{"tree": 1, "restarts": []}', b"[" * 100_000, NO_AGE])
def test_an_answer_that_is_no_tree_counts_as_none(web, redis_url, claimed, answer):
    answerer = answer_once(redis_url, claimed, answer)
    page = web.get("/tree")
    answerer.join()

    assert "did not answer" in page.text


def test_where_the_user_of_redis_may_not_ask_it_says_so(make_app, redis, redis_url, claimed):
    redis.execute_command("ACL", "SETUSER", "reader", "on", "nopass", "~*", "+@all", "-lpush")
    url = f"unix://reader:any@{redis_url.removeprefix('unix://')}"
    try:
        web = TestClient(make_app(config={"redis_url": RedisUrl(url)}))
        page, answer = web.get("/tree"), web.get("/api/v1/nodes/%3Cb%3E/tree")
    finally:
        redis.execute_command("ACL", "DELUSER", "reader")

    assert (page.status_code, answer.status_code) == (200, 502)
    assert "Node &lt;b&gt; can&#39;t be asked." in page.text
    assert "NOPERM" in answer.json()["detail"]


def test_what_a_node_tells_stays_text(web, redis_url, claimed):
    evil = "<script>alert(1)</script>"
    process = {"name": evil, "kind": evil, "state": evil, "strategy": evil, "restarts": 2, "inbox": 1}
    tree = {**process, "children": [process] * 3}
    report = {"at": 1.0, "supervisor": evil, "child": evil, "kind": evil, "reason": evil, "strategy": evil}
    answer = {"tree": tree, "restarts": [{**report, "restarted": [evil], "gave_up": False}]}
    answerer = answer_once(redis_url, claimed, json.dumps(answer).encode())
    page = web.get("/tree")
    answerer.join()

    assert page.text.count("&lt;script&gt;alert") > 5
    assert "<script>alert" not in page.text


def test_of_several_nodes_one_is_shown_and_the_others_are_a_click_away(config, web, redis):
    redis.sadd("verk_nodes", "of verk")
    redis.set("verk:node:of verk", "alive", px=60_000)
    with (
        running_node(attrs.evolve(config, node_id="n1"), queues={"a": 1}),
        running_node(attrs.evolve(config, node_id="n2"), queues={"b": 1}),
    ):
        first, second = web.get("/tree").text, web.get("/tree", params={"node": "n2"}).text

    assert 'href="/tree?node=n2"' in first
    assert "Node n1</h2>" in first
    assert "Node n2</h2>" in second
    assert "of verk" not in first


def test_the_style_of_the_picture_may_be_kept(web):
    style = web.get("/tree/picture.css")

    assert style.headers["content-type"] == "text/css; charset=utf-8"
    assert "immutable" in style.headers["cache-control"]
