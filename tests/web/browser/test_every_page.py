"""What holds for each page, with real data, as people see it: in light, in dark, on a phone, and by keyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect
from support.browser import keep_screenshot
from support.furnished import Furnished

from verk_actors.web.navigation import LINKS


def pages(furniture: Furnished) -> Iterator[tuple[str, str]]:
    """Yield a name and the path of each page."""
    for link in LINKS:
        yield link.path or "overview", f"/{link.path}"
    yield "queue", "/queues/waiting"
    yield "job", f"/jobs/{furniture.retries[1]}"


LOOKS = {"light": (), "dark": ("color-contrast",)}  # all rules; and the one that depends on colours


@pytest.mark.parametrize("look", LOOKS)
def test_each_page_is_accessible(page: Page, furniture: Furnished, axe: Callable[..., list[str]], look: str):
    page.emulate_media(color_scheme=look)
    found = {}
    for name, path in pages(furniture):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        found[name] = axe(page, *LOOKS[look])
        keep_screenshot(page, f"{name}-{look}")

    assert {name: violations for name, violations in found.items() if violations} == {}


@pytest.mark.parametrize("page", ["phone"], indirect=True)
def test_each_page_fits_a_phone(page: Page, furniture: Furnished):
    widths = {}
    for name, path in pages(furniture):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        widths[name] = page.evaluate("document.documentElement.scrollWidth")
        keep_screenshot(page, f"{name}-phone")

    assert {name: width for name, width in widths.items() if width > 390} == {}
    page.get_by_role("button", name="Menu").click()
    expect(page.get_by_role("link", name="Queues")).to_be_visible()


def test_the_keyboard_is_enough(page: Page):
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()

    for link in LINKS:
        page.keyboard.press("g")
        page.keyboard.press(link.key)
        expect(page).to_have_title(f"{link.title} · verk_actors")

    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
