"""A real Chromium for tests of pages: Debian's, headless, driven by playwright; and the dashboard that it visits.

`VERK_TEST_SCREENSHOTS` names a directory to keep screenshots in.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import uvicorn
from playwright.sync_api import Browser, Page, expect, sync_playwright

from support.eventually import DEADLINE_SECONDS

AXE = Path(__file__).parents[1] / "web" / "browser" / "vendor" / "axe.min.js"
WIDE, PHONE = (1280, 900), (390, 844)
_QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --hide-scrollbars"
)


@attrs.define(eq=False)
class Chromium:
    """One browser for all tests of a process; each test has a context of its own, as a new profile.

    Playwright's event loop counts as running in the main thread from its start to its end, also between its calls. So
    that other tests can have a loop there, it counts only inside `visiting`.
    """

    browser: Browser
    loop: asyncio.AbstractEventLoop

    @contextmanager
    def visiting(self, base_url: str, **options: Any) -> Iterator[Page]:
        """Open a page for the length of the block; fails in the end if the browser has complained about anything."""
        complaints: list[str] = []
        asyncio._set_running_loop(self.loop)
        try:
            context = self.browser.new_context(base_url=base_url, reduced_motion="reduce", **options)
            context.set_default_timeout(DEADLINE_SECONDS * 1000)
            page = context.new_page()
            page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            yield page
            context.close()
        finally:
            asyncio._set_running_loop(None)
        assert not complaints, "\n".join(complaints)


@contextmanager
def chromium() -> Iterator[Chromium]:
    """Start a browser, and end it after the block."""
    expect.set_options(timeout=DEADLINE_SECONDS * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_QUIET.split())
        loop = asyncio.get_running_loop()
        asyncio._set_running_loop(None)
        try:
            yield Chromium(browser, loop)
        finally:
            asyncio._set_running_loop(loop)
            browser.close()


@contextmanager
def served(app: Any) -> Iterator[str]:
    """Serve an ASGI application on a free port of this machine for the length of the block; yields its URL."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]}, name="dashboard")
        thread.start()
        try:
            yield f"http://127.0.0.1:{door.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(DEADLINE_SECONDS)


def expect_said(page: Page, text: str | re.Pattern[str]) -> None:
    """Wait until a form has led to a page that says this, and heeds what is pressed next: its scripts come last."""
    expect(page.get_by_role("status")).to_have_text(text)
    page.wait_for_load_state()


def violations(page: Page, *rules: str) -> list[str]:
    """Return what axe-core finds wrong with a page, a sentence for each element: by all rules, or by these."""
    page.evaluate(AXE.read_text())
    options = {"resultTypes": ["violations"], **({"runOnly": rules} if rules else {})}
    found = page.evaluate("options => axe.run(document, options)", options)["violations"]
    return [f"{rule['id']}: {node['target']} {node['failureSummary']}" for rule in found for node in rule["nodes"]]


def keep_screenshot(page: Page, name: str) -> None:
    """Keep a picture of the whole page if it is asked for."""
    directory = os.environ.get("VERK_TEST_SCREENSHOTS")
    if directory:
        Path(directory).mkdir(parents=True, exist_ok=True)
        (Path(directory) / f"{name}.png").write_bytes(page.screenshot(full_page=True))
