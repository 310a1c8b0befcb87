"""The Metrics pages in a browser."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from redis import Redis
from support.browser import PHONE

from verk_actors.client import Client
from verk_actors.settings.config import Config
from verk_actors.store.class_counts import ClassCounts
from verk_actors.wire.histogram import Histogram

DURATIONS = Histogram((*[0] * 6, 8, 3, 1, *[0] * 17))


def test_from_all_classes_to_one_and_as_time_goes_on(page: Page, axe, config: Config, redis: Redis) -> None:
    with Client(config) as client:
        runs = {"Mail": ClassCounts(14, 2, 3.0, DURATIONS), "Report": ClassCounts(1, 0, 0.5)}
        client.recent_classes.add(runs)
        page.goto("/metrics")
        expect(page.get_by_role("row")).to_have_count(3)
        expect(page.get_by_role("row").nth(1)).to_contain_text("Mail 14 2")
        assert axe(page) == []

        client.recent_classes.add(runs)
        expect(page.get_by_role("row").nth(1)).to_contain_text("Mail 28 4")  # live

        page.get_by_role("link", name="Mail").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Mail")
        expect(page.get_by_role("row").nth(1)).to_contain_text("225 ms16")
        assert axe(page) == []
        page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert axe(page) == []

        page.get_by_role("link", name="4h", exact=True).click()
        expect(page.get_by_role("heading", name="Runs per 4 minutes")).to_be_visible()
