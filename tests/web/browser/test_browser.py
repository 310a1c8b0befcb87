"""The browser tests' own instruments: a browser that complains, and what axe-core finds, fail a test."""

from __future__ import annotations

import asyncio

import pytest
from playwright.sync_api import expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from support.browser import Chromium, served, violations

GOOD = "<html lang=en><title>Good</title><link rel=icon href='data:,'><main><h1>Good</h1></main>"
PAGES = {
    "good": GOOD,
    "script": GOOD + "<script>missing()</script>",
    "console": GOOD + "<script>console.error('alas')</script>",
    "forbidden": GOOD + "<script src='/nowhere.js'></script>",
    "unlabelled": GOOD.replace("</main>", "<input></main>"),
}


def show(request: Request) -> Response:
    """Show one of the pages."""
    name = request.path_params["name"]
    return HTMLResponse(PAGES.get(name, ""), 200 if name in PAGES else 404)


@pytest.fixture(scope="module")
def site():
    """Return the URL of these pages."""
    with served(Starlette(routes=[Route("/{name}", show)])) as url:
        yield url


def test_a_page_without_flaws_passes(_chromium: Chromium, site: str):
    with _chromium.visiting(site) as page:
        page.goto("/good")
        expect(page.get_by_role("heading")).to_have_text("Good")
        found = violations(page)

    assert found == []


@pytest.mark.parametrize("name", ["script", "console", "forbidden"])
def test_a_page_of_which_the_browser_complains_fails(_chromium: Chromium, site: str, name: str):
    with pytest.raises(AssertionError), _chromium.visiting(site) as page:
        page.goto(f"/{name}")
        expect(page.get_by_role("heading")).to_have_text("Good")


def test_what_is_inaccessible_is_found(_chromium: Chromium, site: str):
    with _chromium.visiting(site) as page:
        page.goto("/unlabelled")
        found = violations(page)

    assert [violation.partition(":")[0] for violation in found] == ["label"]


def test_another_test_may_have_an_event_loop_in_the_main_thread(_chromium: Chromium):
    async def answer() -> int:
        return 42

    assert asyncio.run(answer()) == 42
