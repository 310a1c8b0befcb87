"""The page Busy in a real browser: live, and what it does is asked first, and then done."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from support.browser import keep_screenshot
from support.told_nodes import JID, SIDEKIQ, tell_of_all

from verk_actors.tree.messages import Tick
from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys, identity_of


def test_a_job_that_runs_is_seen_without_a_reload_and_cancelled_after_a_question(page, furniture):
    node = furniture.node
    page.goto("/busy")
    expect(page.locator("#nodes")).to_contain_text(node.config.node_id)
    expect(page.locator("#running")).to_contain_text("Nothing runs now")

    jid = node.client.enqueue(Job(class_="Waiting", args=["<b>"]))
    node.jobs.gate.wait_started(1)
    node.whereis("presence").ask(Tick())

    expect(page.locator("#running")).to_contain_text(jid)
    expect(page.locator("#running .args")).to_have_text('["<b>"]')
    page.get_by_role("button", name="Cancel").first.click()
    expect(page.get_by_role("dialog")).to_contain_text(f"Cancel Waiting {jid}?")
    page.get_by_role("dialog").get_by_role("button", name="Yes").click()
    expect(page.get_by_role("status")).to_contain_text("asked to end")
    node.jobs.gate.open()


@pytest.mark.parametrize("page", ["wide", "phone"], indirect=True)
def test_nodes_of_all_kinds_are_shown_and_one_is_stopped(page, redis, axe):
    tell_of_all(redis)
    page.goto("/busy")

    expect(page.locator("#nodes tbody tr")).to_have_count(4)
    expect(page.locator("#nodes")).to_contain_text(SIDEKIQ)
    expect(page.get_by_text(JID).first).to_be_visible()
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    keep_screenshot(page, f"busy-{'phone' if page.viewport_size['width'] < 500 else 'wide'}")
    page.get_by_role("button", name="Stop").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Yes").click()

    expect(page.get_by_role("status")).to_contain_text("n1 is asked to finish its jobs and stop")
    assert redis.lrange(Keys().signals(identity_of("n1")), 0, -1) == [b"TERM"]
