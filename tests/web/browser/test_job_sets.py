"""The pages of sets and of a job in a real browser: what people click, and what it does to Redis."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from redis import Redis
from support.browser import keep_screenshot

from verk_actors.store import set_steps, set_walk

CLASSES = ("Mail::Send", "Report::Build", "Images::Resize")
ERRORS = (("TimeoutError", "the server did not answer within 30 s"), ("ValueError", "invalid literal: '<b>ada</b>'"))


def fill(redis: Redis, key: str, count: int) -> None:
    """Put jobs into a set, as peers of each kind write them."""
    now = time.time()
    members = {}
    for number in range(count):
        error_class, message = ERRORS[number % 2]
        job = {
            "class": CLASSES[number % 3],
            "args": [number, {"to": "ada@example.com", "subject": "Grüße <script>alert(1)</script>"}],
            "queue": ("default", "mail")[number % 2],
            "jid": f"{number:024x}",
            "created_at": now - 3600,
            "error_class": error_class,
            "error_message": message,
            "error_backtrace": [f"mail.py:{line}:in `send'" for line in range(12)],
            "retry_count": 3,
            "failed_at": now - 60,
            "tags": ["newsletter"],
        }
        members[json.dumps(job)] = now + 600 + number
    redis.zadd(key, members)


def test_a_filter_goes_on_by_itself_until_the_page_is_full(
    page: Page, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(redis, "retry", 120)
    monkeypatch.setattr(set_walk, "MOST_BYTES", 20_000)  # some thirty jobs

    page.goto("/retries")
    page.get_by_label("Class").fill("Mail::Send")
    page.get_by_label("Error").fill("Timeout")
    page.get_by_role("button", name="Filter").click()

    expect(page.locator("#searched")).to_contain_text("20 found; looked at 120 of 120.")
    expect(page).to_have_url(re.compile(r"/retries\?class=Mail%3A%3ASend&error=Timeout$"))
    assert page.locator("#rows input").count() == 20
    keep_screenshot(page, "retries-filtered")


def test_ticked_jobs_are_deleted_after_a_question(page: Page, redis: Redis) -> None:
    fill(redis, "schedule", 5)
    page.goto("/scheduled")
    delete = page.locator(".jobs header").get_by_role("button", name="Delete", exact=True)
    expect(delete).to_be_disabled()
    for row in (1, 3):
        page.locator("#rows input").nth(row).check()
    expect(page.locator(".jobs header")).to_contain_text("2 selected")

    delete.click()
    page.locator("#confirm").get_by_role("button", name="Cancel").click()
    assert redis.zcard("schedule") == 5
    delete.click()
    page.locator("#confirm").get_by_role("button", name="Yes").click()

    expect(page.locator(".message")).to_have_text("Deleted 2 jobs.")
    assert [json.loads(member)["args"][0] for member in redis.zrange("schedule", 0, -1)] == [0, 2, 4]


def test_all_jobs_are_retried_in_steps_that_follow_each_other(
    page: Page, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(redis, "dead", 60)
    monkeypatch.setattr(set_steps, "MOST_PASSED", 10)
    page.goto("/dead?error=Timeout")

    page.get_by_role("button", name="Retry all").click()
    expect(page.locator("#confirm")).to_contain_text("jobs with Timeout in the error?")
    page.locator("#confirm").get_by_role("button", name="Yes").click()

    expect(page.locator(".message")).to_have_text("Enqueued 30 jobs.")
    expect(page).to_have_url(re.compile(r"/dead\?error=Timeout$"))
    assert (redis.zcard("dead"), redis.llen("queue:default"), redis.llen("queue:mail")) == (30, 30, 0)


@pytest.mark.parametrize("page", ["wide", "phone"], indirect=True)
def test_a_job_is_read_and_retried_from_its_page(
    page: Page, redis: Redis, axe: Callable[[Page], list[str]], request: pytest.FixtureRequest
) -> None:
    fill(redis, "retry", 3)
    size = request.node.callspec.params["page"]
    page.goto("/retries")
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    keep_screenshot(page, f"retries-{size}")

    page.get_by_role("link", name="Report::Build").click()
    expect(page.get_by_role("heading", name="Report::Build")).to_be_visible()
    expect(page.locator("main")).to_contain_text("ValueError invalid literal: '<b>ada</b>'")
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    keep_screenshot(page, f"job-{size}")
    page.get_by_role("button", name="Retry now").click()

    expect(page.locator(".message")).to_have_text("Enqueued 1 job.")
    expect(page.locator(".lead")).to_contain_text("In its queue")
    assert redis.llen("queue:mail") == 1
