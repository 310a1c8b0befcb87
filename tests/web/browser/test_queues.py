"""The overview and the pages of queues in a real browser: what moves by itself, and what clicks do to Redis."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect
from redis import Redis

from verk_actors.client import Client
from verk_actors.settings.config import Config
from verk_actors.wire.job import Job


def test_the_overview_counts_and_draws_while_it_is_looked_at(page: Page, redis: Redis, config: Config) -> None:
    redis.mset({"stat:processed": 1000, "stat:failed": 10})
    page.goto("/?days=7")
    expect(page.locator(".tiles [data-stat=processed]")).to_have_text("1,000")
    expect(page.locator("#rate canvas")).to_be_visible()
    expect(page.locator("#history canvas")).to_be_visible()

    redis.set("stat:processed", 1060)
    with Client(config) as client:
        client.enqueue(Job(class_="A", args=[], queue="new"))

    expect(page.locator(".tiles [data-stat=processed]")).to_have_text("1,060")
    expect(page.get_by_role("link", name=re.compile(r"^Queues 1$"))).to_be_visible()
    page.wait_for_function("sessionStorage.getItem('verk_rates')")  # a rate takes two looks at the figures


def test_a_queue_is_paused_and_cleared_by_clicks_and_the_list_moves_by_itself(page: Page, redis: Redis) -> None:
    redis.sadd("queues", "mail")
    redis.lpush("queue:mail", *(f'{{"class":"Mail","args":[{number}],"jid":"j{number}"}}' for number in range(3)))
    page.goto("/queues")
    row = page.get_by_role("row", name=re.compile("mail"))

    row.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("status")).to_have_text("mail is paused.")
    expect(row).to_contain_text("paused")
    assert redis.sismember("paused", "mail")

    redis.lpush("queue:mail", '{"class":"Mail","args":[3],"jid":"j3"}')
    expect(row.get_by_role("cell", name="4", exact=True)).to_be_visible()

    row.get_by_role("button", name="Clear").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Delete all jobs that wait in mail?")
    dialog.get_by_role("button", name="Cancel").click()
    assert redis.llen("queue:mail") == 4
    row.get_by_role("button", name="Clear").click()
    dialog.get_by_role("button", name="Yes").click()
    expect(page.get_by_role("status")).to_have_text("mail is empty: 4 jobs were deleted.")
    assert not redis.exists("queue:mail")


def test_a_job_of_a_queue_is_deleted_by_a_click(page: Page, redis: Redis) -> None:
    redis.sadd("queues", "mail")
    redis.lpush("queue:mail", *(f'{{"class":"Mail","args":[{number}],"jid":"j{number}"}}' for number in range(3)))
    page.goto("/queues/mail")

    page.get_by_role("row", name=re.compile("j1")).get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Yes").click()

    expect(page.get_by_role("status")).to_have_text("A job of mail was deleted.")
    assert [b'"j1"' in text for text in redis.lrange("queue:mail", 0, -1)] == [False, False]
