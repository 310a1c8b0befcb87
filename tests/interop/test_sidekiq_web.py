"""Each page of Sidekiq Web shows our data, and its buttons do to our data what they say."""

from __future__ import annotations

import re

import pytest
from redis import Redis
from support.furnished import Furnished
from support.sidekiq import Page, Web

from verk_actors.events import JobDead, JobFailed, JobFinished, JobMalformed
from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys

pytestmark = pytest.mark.needs("ruby", "sidekiq")

PAGES = {
    "/": ["5 Processed", "4 Failed", "3 Enqueued", "2 Retries", "2 Scheduled", "1 Dead"],
    "/?days=180": ["History"],
    "/busy": ["Processes", "Jobs"],
    "/queues": ["default 0", "waiting 3"],
    "/queues/waiting": ["Current jobs in waiting 3", "3 Good 2", "2 Good 1", "1 Good 0"],
    "/queues/waiting?direction=asc": ["1 Good 0", "3 Good 2"],
    "/queues/default": ["Current jobs in default 0"],
    "/retries": ['1 default Bad "twice" ValueError: bad twice', '0 default Bad 7, [], {"a"=>{}}, "Grüße <b>"'],
    "/scheduled": ["default Good 1", "default Good 2"],
    "/morgue": ['default Bad "dead" ValueError: bad dead'],
    "/stats": ['"processed":5,"failed":4', '"enqueued":3,"scheduled":2,"retries":2,"dead":1'],
    "/stats/queues": ['"waiting":3', '"default":0'],
    "/dashboard/stats": ['"processed":5'],
}  # fmt: skip


def key_of(page: Page, jid: str) -> str:
    """Return the key that a page has for a job."""
    [key] = [key for key in page.keys if key.endswith(f"-{jid}")]
    return key


def test_each_page_shows_what_is_ours(home: Furnished, web: Web) -> None:
    for path, parts in PAGES.items():
        page = web.get(path)
        assert page.status == 200, path
        assert [part for part in parts if part not in page.text] == [], page.text


def test_each_page_that_a_page_leads_to_is_there(home: Furnished, web: Web) -> None:
    """Those of each single job are among them."""
    seen: dict[str, int] = {}
    waiting = ["/"]
    while waiting:
        path = waiting.pop()
        page = web.get(path)
        seen[path] = page.status
        waiting += [link for link in page.links if link not in seen and not re.search(r"\.\w+$|\?poll|locale", link)]

    assert set(seen.values()) == {200}, seen
    for kind, count in (("retries", 2), ("scheduled", 2), ("morgue", 1), ("queues", 2)):
        assert sum(bool(re.fullmatch(rf"/{kind}/[^?]+", path)) for path in seen) == count, sorted(seen)


def test_the_page_of_a_retry_says_when_why_and_where_it_failed(home: Furnished, web: Web) -> None:
    once, twice = (web.get(f"/retries/{key_of(web.get('/retries'), jid)}").text for jid in home.retries)

    for text, jid in ((once, home.retries[0]), (twice, home.retries[1])):
        assert jid in text
        assert "Error Class ValueError" in text
        assert "jobs.py" in text
    assert "Originally Failed" in once
    assert "Retry Count 1 Last Retry" in twice


def test_the_page_of_a_dead_job_says_why_it_died(home: Furnished, web: Web) -> None:
    text = web.get(f"/morgue/{key_of(web.get('/morgue'), home.dead)}").text

    assert "Error Message bad dead" in text
    assert home.dead in text


def test_retry_now_runs_the_ticked_job(home: Furnished, web: Web) -> None:
    page = web.get("/retries")

    shown = web.press(page, "retry", keys=[key_of(page, home.retries[0])])

    assert shown.status == 200
    again = home.node.log.expect(JobFailed, 5)[-1]
    assert (again.job.jid, again.job.attempt) == (home.retries[0], 1)
    assert home.node.client.retries.count() == 2


def test_delete_and_kill_do_so_to_the_ticked_retry(home: Furnished, web: Web) -> None:
    client, page = home.node.client, web.get("/retries")

    web.press(page, "kill", keys=[key_of(page, home.retries[0])])
    web.press(web.get("/retries"), "delete", keys=[key_of(page, home.retries[1])])

    assert client.retries.count() == 0
    assert {job.jid for job in client.dead.range() if isinstance(job, Job)} == {home.dead, home.retries[0]}


@pytest.mark.parametrize(("button", "places"), [("retry", (2, 1)), ("delete", (0, 1)), ("kill", (0, 3))])
def test_the_buttons_for_all_retries_do_so_to_all(
    home: Furnished, web: Web, button: str, places: tuple[int, int]
) -> None:
    client = home.node.client

    with home.paused():
        assert web.press(web.get("/retries"), button, at=f"/retries/all/{button}").status == 200

    if button == "retry":
        home.node.log.expect(JobFailed, 6)
    assert (client.retries.count(), client.dead.count()) == places


@pytest.mark.parametrize("button", ["retry", "delete"])
def test_the_buttons_on_the_page_of_a_retry_do_so(home: Furnished, web: Web, button: str) -> None:
    path = f"/retries/{key_of(web.get('/retries'), home.retries[1])}"

    web.press(web.get(path), button)

    if button == "retry":
        assert home.node.log.expect(JobFailed, 5)[-1].job.jid == home.retries[1]
    else:
        assert [job.jid for job in home.node.client.retries.range() if isinstance(job, Job)] == [home.retries[0]]


def test_add_to_queue_runs_a_scheduled_job_and_delete_deletes_it(home: Furnished, web: Web) -> None:
    page = web.get("/scheduled")

    web.press(page, "add_to_queue", keys=[key_of(page, home.scheduled[0])])
    web.press(web.get("/scheduled"), "delete", keys=[key_of(page, home.scheduled[1])])

    assert home.node.log.expect(JobFinished, 2)[1].job.jid == home.scheduled[0]
    assert home.node.client.scheduled.count() == 0


@pytest.mark.parametrize("button", ["add_to_queue", "delete"])
def test_the_buttons_on_the_page_of_a_scheduled_job_do_so(home: Furnished, web: Web, button: str) -> None:
    web.press(web.get(f"/scheduled/{key_of(web.get('/scheduled'), home.scheduled[1])}"), button)

    if button == "add_to_queue":
        assert home.node.log.expect(JobFinished, 2)[1].job.jid == home.scheduled[1]
    assert [job.jid for job in home.node.client.scheduled.range() if isinstance(job, Job)] == [home.scheduled[0]]


@pytest.mark.parametrize("at", ["/morgue", "/morgue/all/retry", "/morgue/{key}"])
def test_retry_brings_a_dead_job_back(home: Furnished, web: Web, at: str) -> None:
    page = web.get("/morgue")
    key = key_of(page, home.dead)

    with home.paused():
        web.press(page, "retry", at=at.format(key=key), keys=[key])

    again = home.node.log.expect(JobDead, 2)[1]
    assert (again.job.jid, home.node.client.dead.count()) == (home.dead, 1)


@pytest.mark.parametrize("at", ["/morgue", "/morgue/all/delete", "/morgue/{key}"])
def test_delete_deletes_a_dead_job(home: Furnished, web: Web, at: str) -> None:
    page = web.get("/morgue")
    key = key_of(page, home.dead)

    web.press(page, "delete", at=at.format(key=key), keys=[key])

    assert home.node.client.dead.count() == 0


def test_delete_takes_a_job_out_of_its_queue(home: Furnished, web: Web, redis: Redis) -> None:
    page = web.get("/queues/waiting")
    [payload] = [
        payload for payload in redis.lrange(Keys().queue("waiting"), 0, -1) if home.waiting[1].encode() in payload
    ]

    web.press(page, "delete", at="/queues/waiting/delete", key_val=payload.decode())

    left = home.node.client.queue("waiting").range()
    assert sorted(job.jid or "" for job in left if isinstance(job, Job)) == sorted([home.waiting[0], home.waiting[2]])


def test_delete_clears_a_queue(home: Furnished, web: Web) -> None:
    web.press(web.get("/queues"), "delete", at="/queues/waiting")

    assert home.node.client.queue("waiting").count() == 0
    assert home.node.client.queue_names() == ["default"]


@pytest.mark.logs_errors("that are no job")
def test_its_pages_show_bytes_that_are_no_job(home: Furnished, web: Web, redis: Redis) -> None:
    redis.lpush("queue:default", b"{no job \xff <b>")
    home.node.log.expect(JobMalformed)

    page = web.get("/morgue")

    assert "default VerkActors::Undecodable MalformedJob: " in page.text
    assert [web.get(f"/morgue/{key}").status for key in page.keys] == [200, 200]
