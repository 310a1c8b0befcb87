"""What has been done by the dashboard is listed: who, what, to what, and what came of it."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from verk_actors.store.audit_log import MOST_KEPT

FROM_A_PAGE = {"sec-fetch-site": "same-origin"}


def cells(page) -> list[str]:
    return [re.sub("<[^>]+>", "", cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", page.text, re.DOTALL)]


def test_an_action_is_listed_with_who_did_it_the_last_first(make_app):
    web = TestClient(make_app(user=lambda request: request.headers["x-user"]), headers=FROM_A_PAGE)
    web.post("/queues/mail/pause", headers={"x-user": "ada"})
    web.post("/queues/<b>/resume", headers={"x-user": "<i>"})

    listed = cells(web.get("/audit"))

    assert listed[1:5] == ["&lt;i&gt; at testclient", "resume queue", "&lt;b&gt;", "&lt;b&gt; was not paused."]
    assert listed[6:10] == ["ada at testclient", "pause queue", "mail", "mail is paused."]


def test_what_was_not_allowed_or_failed_changes_nothing_and_the_failure_is_listed(make_app, web, redis):
    TestClient(make_app(read_only=True), headers=FROM_A_PAGE).post("/queues/mail/pause")
    redis.set("paused", "no set")
    web.post("/queues/mail/pause")

    assert [cell for cell in cells(web.get("/audit")) if cell.startswith("failed: ")]
    assert redis.llen("verk:audit") == 1


def test_the_oldest_are_dropped(web, redis):
    redis.lpush("verk:audit", *["x"] * (MOST_KEPT + 5))

    web.post("/queues/mail/pause")

    assert redis.llen("verk:audit") == MOST_KEPT


@pytest.mark.parametrize("entry", ["", "[]", '{"at":"now"}', '{"at":1,"who":1,"action":"","target":"","outcome":""}'])
def test_what_can_not_be_read_is_left_out(web, redis, entry):
    redis.lpush("verk:audit", entry)

    assert "Nothing has been done here yet" in web.get("/audit").text


def test_where_the_list_can_not_be_written_the_action_is_done_all_the_same(web, redis, caplog):
    redis.set("verk:audit", "no list")

    web.post("/queues/mail/pause", follow_redirects=False)

    assert redis.sismember("paused", "mail")
    assert "the page of the audit lacks this" in caplog.text
