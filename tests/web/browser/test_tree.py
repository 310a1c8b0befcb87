"""The supervision tree in a real browser: live, as a picture and on a phone as a list."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from support.browser import keep_screenshot


@pytest.fixture
def tree(page, furniture):
    """Return the page, open."""
    page.goto("/tree")
    expect(page.get_by_role("heading", level=2).first).to_have_text(f"Node {furniture.node.config.node_id}")
    return page


def test_a_restart_is_seen_without_a_reload(tree, furniture, axe):
    expect(tree.get_by_text("No restarts so far.")).to_be_visible()
    killed = furniture.node.whereis("queue_stats")
    killed.kill()
    furniture.node.successor(killed)

    expect(tree.locator("#restarts tbody tr")).to_contain_text(["queue_stats"])
    expect(tree.locator(".tree-picture .badge.restarts")).to_have_count(1)
    assert axe(tree) == []
    keep_screenshot(tree, "tree")


@pytest.mark.parametrize("page", ["phone"], indirect=True)
def test_on_a_phone_the_tree_is_a_list(tree, axe):
    expect(tree.locator(".tree-picture")).to_be_hidden()
    expect(tree.locator(".tree-list").get_by_text("default.workers_manager")).to_be_visible()
    assert tree.evaluate("document.documentElement.scrollWidth") <= 390
    assert axe(tree) == []
    keep_screenshot(tree, "tree-phone")
