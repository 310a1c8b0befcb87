"""What each button does in a real browser, and to Redis: those that other tests don't press."""

from __future__ import annotations

import json

from playwright.sync_api import Page, expect
from redis import Redis
from support.browser import expect_said
from support.told_nodes import tell_of_all

from verk_actors.wire.keys import Keys, identity_of

DUE = 4e9


def press(page: Page, name: str, question: str = "", within: str = "main") -> None:
    """Press the first button of that name, and say yes to its question."""
    page.locator(within).get_by_role("button", name=name, exact=True).first.click()
    if question:
        expect(page.get_by_role("dialog")).to_contain_text(question)
        page.get_by_role("dialog").get_by_role("button", name="Yes").click()


def jids(redis: Redis, key: str) -> set[str]:
    """Return the ids of the jobs in a set."""
    return {json.loads(member)["jid"] for member in redis.zrange(key, 0, -1)}


def test_jobs_of_a_set_are_killed_run_and_deleted_one_by_one_and_all_together(page: Page, redis: Redis) -> None:
    for key in ("retry", "schedule"):
        jobs = [{"class": "Mail", "args": [], "queue": "mail", "jid": f"{key}{n}"} for n in range(6)]
        redis.zadd(key, {json.dumps(job): DUE + n for n, job in enumerate(jobs)})

    page.goto("/retries")
    press(page, "Kill", "Kill Mail?", within="#rows")
    expect_said(page, "Killed 1 job.")
    press(page, "Delete", "Delete Mail? This can't be undone.", within="#rows")
    expect_said(page, "Deleted 1 job.")
    assert (jids(redis, "dead"), jids(redis, "retry")) == ({"retry0"}, {f"retry{n}" for n in range(2, 6)})
    press(page, "Kill all", "Kill all: 4 jobs?")
    expect_said(page, "Killed 4 jobs.")
    assert (redis.zcard("dead"), redis.zcard("retry")) == (5, 0)

    page.goto("/scheduled")
    press(page, "Run now", within="#rows")
    expect_said(page, "Enqueued 1 job.")
    page.locator("[data-all]").check()
    press(page, "Kill", "Kill the selected jobs?")
    expect_said(page, "Killed 5 jobs.")
    assert (redis.llen("queue:mail"), redis.zcard("schedule"), redis.zcard("dead")) == (1, 0, 10)

    page.goto("/dead?text=retry")
    press(page, "Delete all", "Delete all: jobs with retry in them?")
    expect_said(page, "Deleted 5 jobs.")
    assert jids(redis, "dead") == {f"schedule{n}" for n in range(1, 6)}


def test_nodes_are_quieted_and_rescued_and_a_queue_is_resumed(page: Page, redis: Redis) -> None:
    tell_of_all(redis)
    redis.sadd("queues", "mail")
    redis.sadd("paused", "mail")

    page.goto("/busy")
    press(page, "Quiet", "Have n1 fetch no more jobs?")
    expect_said(page, "n1 is asked to fetch no more jobs.")
    press(page, "Rescue its jobs", "Give the jobs of dead back to their queues?")
    expect_said(page, "2 jobs of dead were recovered.")
    assert redis.lrange(Keys().signals(identity_of("n1")), 0, -1) == [b"TSTP"]
    assert redis.llen("queue:default") == 2

    page.goto("/queues/mail")
    press(page, "Resume")
    expect_said(page, "mail is resumed.")
    assert not redis.exists("paused")
