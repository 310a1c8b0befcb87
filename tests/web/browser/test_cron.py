"""The page of periodic jobs in a browser: what it shows, and what its buttons do in Redis."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from playwright.sync_api import Page, expect
from redis import Redis
from support.browser import PHONE, expect_said, keep_screenshot

from verk_actors.client import Client
from verk_actors.settings.config import Config
from verk_actors.wire.job import Job


def test_periodic_jobs_are_seen_paused_run_and_removed(
    page: Page, config: Config, redis: Redis, axe: Callable[..., list[str]]
) -> None:
    with Client(config) as client:
        client.cron.add("nightly-report", Job(class_="Report", args=["all"], queue="reports"), "0 3 * * mon-fri")
        client.cron.add("digest", Job(class_="Digest", args=[]), "30 8 * * 1", timezone="America/New_York")
        client.cron.add("clean-up", Job(class_="CleanUp", args=[]), "*/5 * * * *")
        ran = {"jid": "5a0f3b2c", "outcome": "failed", "ended_at": float(redis.time()[0]) - 90, "error": "Timeout"}
        redis.hset("verk:cron:results", "clean-up", json.dumps(ran))
        redis.hset("verk:cron:runs", "clean-up", json.dumps({"jid": "5a0f3b2c", "enqueued_at": ran["ended_at"]}))
        page.goto("/cron")
        row = page.get_by_role("row").filter(has_text="nightly-report")
        expect(page.get_by_role("row")).to_have_count(4)
        expect(row).to_contain_text(re.compile(r"in \d+ (h|min|s|d)"))
        row.get_by_role("button", name="Pause").click()
        expect(page.get_by_role("status")).to_have_text("nightly-report is paused.")
        assert client.cron.list()[2].is_paused
        assert axe(page) == []
        keep_screenshot(page, "cron-used")

        row.get_by_role("button", name="Run now").click()
        expect_said(page, re.compile("nightly-report is enqueued as "))
        assert redis.llen("queue:reports") == 1
        row.get_by_role("button", name="Remove").click()
        page.get_by_role("button", name="Yes").click()
        expect(page.get_by_role("row")).to_have_count(3)
        assert [status.name for status in client.cron.list()] == ["clean-up", "digest"]
        page.set_viewport_size(dict(zip(("width", "height"), PHONE, strict=True)))
        keep_screenshot(page, "cron-used-phone")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
