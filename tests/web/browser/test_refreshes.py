"""What a page shows is brought up to date by parts that come from the server, some at the wrong moment."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Request, Route, expect
from redis import Redis
from support.browser import Chromium


def is_refresh(request: Request) -> bool:
    """Tell whether it is for a part of a page that is seen."""
    return "hx-request" in request.headers


def fill(redis: Redis) -> None:
    redis.sadd("queues", "mail")
    redis.lpush("queue:mail", *(f'{{"class":"Mail","args":[{number}],"jid":"j{number}"}}' for number in range(3)))


def test_a_part_that_comes_while_a_question_is_asked_moves_nothing_away(page: Page, redis: Redis) -> None:
    """The rows below the question move up when a job is taken: "Yes" would have deleted the next one."""
    fill(redis)
    held: list[Route] = []
    page.route("**/queues/mail", lambda route: held.append(route) if is_refresh(route.request) else route.continue_())
    with page.expect_request(is_refresh):
        page.goto("/queues/mail")

    page.get_by_role("row", name=re.compile("j0")).get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog")).to_contain_text("Delete this job?")
    redis.rpop("queue:mail")
    with page.expect_response(lambda response: is_refresh(response.request)) as came:
        held[0].continue_()
    assert "j0" not in came.value.text()
    page.get_by_role("dialog").get_by_role("button", name="Yes").click()

    expect(page.get_by_role("status")).to_have_text("That job is not in mail any more.")
    assert redis.llen("queue:mail") == 2


def test_a_part_that_can_not_be_had_leaves_what_is_seen(_chromium: Chromium, dashboard: str, redis: Redis) -> None:
    fill(redis)
    with pytest.raises(AssertionError, match="503"), _chromium.visiting(dashboard) as page:  # Chromium tells of it
        page.route(
            "**/queues/mail",
            lambda route: route.fulfill(status=503, body="no") if is_refresh(route.request) else route.continue_(),
        )
        with page.expect_response(lambda response: response.status == 503):
            page.goto("/queues/mail")
        page.wait_for_function("document.body.matches(':not(.offline)')")
        expect(page.get_by_role("row", name=re.compile("j0"))).to_be_visible()
