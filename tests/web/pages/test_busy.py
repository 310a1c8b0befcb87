"""The page Busy, and its forms."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient
from support.told_nodes import JID, SIDEKIQ, tell_of_all

from verk_actors.wire.keys import Keys, identity_of

FORM = re.compile(r'<form method="post" action="([^"]+)"')


@pytest.fixture
def told(redis) -> None:
    tell_of_all(redis)


def test_an_idle_system_is_told_what_to_do(web):
    text = web.get("/busy").text

    assert "No node runs" in text and "verk run" in text
    assert "Nothing runs now" in text


def test_nodes_and_jobs_are_shown_and_nothing_in_them_is_markup(web, told):
    text = web.get("/busy").text

    assert all(node in text for node in ("n1", "dead", "verk", SIDEKIQ))
    assert "[&#34;&lt;ada&gt;&#34;]" in text and "<ada>" not in text
    assert f'href="/jobs/{JID}"' in text and 'href="/queues/default"' in text
    assert re.search(r"for </span>1 min \d+ s</td>", text)  # 65 s, and what has passed since
    assert "52.4 MB" in text
    assert 'title="30 of 120 (25%), to &lt;bob&gt;"' in text and "25%</span>" in text


def test_each_node_offers_what_can_be_done_to_it(web, told):
    sidekiq = "vm%3A952%3A02b4ecabc929"

    assert FORM.findall(web.get("/busy").text) == [
        *("/busy/n1/quiet", "/busy/n1/stop", "/busy/dead/rescue", f"/busy/{sidekiq}/quiet", f"/busy/{sidekiq}/stop"),
        *(f"/jobs/{JID}/cancel", f"/jobs/{JID}/cancel"),
    ]


def test_who_may_only_look_is_offered_nothing(make_app, told):
    assert FORM.findall(TestClient(make_app(read_only=True)).get("/busy").text) == []


def test_a_form_does_it_and_the_page_says_so(web, told, redis):
    page = web.post("/busy/n1/quiet")

    assert redis.lrange(Keys().signals(identity_of("n1")), 0, -1) == [b"TSTP"]
    assert (page.url.path, page.status_code) == ("/busy", 200)
    assert "n1 is asked to fetch no more jobs." in page.text
    assert "there is no node &#39;nobody&#39;" in web.post("/busy/nobody/stop").text
