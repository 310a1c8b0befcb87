"""What holds for each page, with real data, as people see it: in light, in dark, on a phone, and by keyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pytest
import redis as redis_py
from playwright.sync_api import Page, expect
from support.browser import PHONE, keep_screenshot
from support.featured import FeaturedKit, add_features
from support.furnished import furnished

from verk_actors.settings.config import Config
from verk_actors.tree.messages import Tick
from verk_actors.web.navigation import LINKS

PAGES = {link.path or "overview": f"/{link.path}" for link in LINKS} | {
    "queue": "/queues/waiting",
    "job": "/jobs/JID",
    "limit": "/limits/narrow",
    "batch": "/batches/BATCH",
    "workflow": "/batches/WORKFLOW",
}


@pytest.fixture(scope="module")
def furniture(_redis_server: str) -> Iterator[Mapping[str, str]]:
    """Run a node, with jobs of every fate and each feature in use, for all tests here: they only look. Returns ids."""
    with redis_py.Redis.from_url(_redis_server) as redis:
        redis.flushall()
        with furnished(Config(redis_url=_redis_server), redis, FeaturedKit()) as furniture:
            features = add_features(furniture.node, redis)
            furniture.node.whereis("presence").ask(Tick(), timeout=10)
            yield {"JID": furniture.retries[1], "BATCH": features.batch, "WORKFLOW": features.workflow}


@pytest.mark.parametrize("name", PAGES)
def test_each_page_is_accessible_in_light_and_in_dark_and_fits_a_phone(
    page: Page, furniture: Mapping[str, str], axe: Callable[..., list[str]], name: str
):
    page.emulate_media(color_scheme="light")
    head, _, last = PAGES[name].rpartition("/")
    page.goto(f"{head}/{furniture.get(last, last)}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    light = axe(page)
    keep_screenshot(page, name)
    page.emulate_media(color_scheme="dark")
    dark = axe(page, "color-contrast")  # nothing else depends on colours
    keep_screenshot(page, f"{name}-dark")
    page.set_viewport_size(dict(zip(("width", "height"), PHONE, strict=True)))
    width = page.evaluate("document.documentElement.scrollWidth")
    keep_screenshot(page, f"{name}-phone")

    assert (light, dark) == ([], [])
    assert width <= PHONE[0]


def test_a_chart_that_has_not_heard_of_a_narrower_window_widens_no_page(page: Page):
    page.add_init_script("window.ResizeObserver = class { observe() {} }")
    page.goto("/")
    expect(page.locator("#rate canvas")).to_be_visible()

    page.set_viewport_size(dict(zip(("width", "height"), PHONE, strict=True)))

    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]


@pytest.mark.parametrize("page", ["phone"], indirect=True)
def test_on_a_phone_the_pages_are_in_a_menu(page: Page):
    page.goto("/")
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="Supervision tree").click()
    expect(page).to_have_title("Supervision tree · verk_actors")


def test_the_keyboard_is_enough(page: Page):
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()

    for link in (*LINKS[1:4], LINKS[0]):  # each is another page, which heeds keys once its scripts are loaded
        page.keyboard.press("g")
        page.keyboard.press(link.key)
        expect(page).to_have_title(f"{link.title} · verk_actors")
        page.wait_for_load_state()

    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
