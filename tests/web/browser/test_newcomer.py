"""What a newcomer sees who runs `verk demo --web 127.0.0.1:0 --keep`: live data on every page."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect
from support.browser import WIDE, Chromium, keep_screenshot
from support.commands import Command

SEEN = {
    "/": ["Processed", "Enqueued"],
    "/queues": ["default", "mail", "video"],
    "/queues/video": ["EncodeVideo"],
    "/busy": ["demo", "EncodeVideo", "encoding holiday"],
    "/retries": ["AskStock"],
    "/scheduled": ["WriteReceipt"],
    "/limits": ["pictures", "1 at a time", "partner"],
    "/batches": ["Pictures of holiday 0", "Votes, count 1"],
    "/cron": ["sweep-cache", "nightly-receipts", "paused"],
    "/dead": ["ChargeCard", "has expired"],
    "/metrics": ["WriteReceipt", "CountWords"],
    "/tree": ["video.supervisor", "NotHandled", "restarted"],
}
"""Some words of each page."""


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[str]:
    """Return where the dashboard of a running demo is."""
    with Command("demo", "--web", "127.0.0.1:0", "--keep", cwd=tmp_path, TMPDIR=str(tmp_path)) as demo:
        demo.expect("What became of the jobs")
        found = re.search(r"dashboard is at (\S+)", demo.output)
        assert found, demo.output
        yield found[1]
        demo.send(signal.SIGINT)
        assert demo.exit_code() == 0


def test_a_newcomer_sees_live_data_on_every_page(_chromium: Chromium, demo: str):
    with _chromium.visiting(demo, viewport=dict(zip(("width", "height"), WIDE, strict=True))) as page:
        for path, words in SEEN.items():
            page.goto(path)
            for word in words:
                expect(page.locator("main")).to_contain_text(word)
            keep_screenshot(page, f"demo-{path.strip('/').replace('/', '-') or 'overview'}")
        page.goto("/")
        expect(page.locator(".tile [data-stat=processed]")).not_to_have_text("0")
