"""The sets and the queues by the API: pages of them, and that what is done is done in Redis."""

from __future__ import annotations

import pytest

from verk_actors.wire.job import Job

API = "/api/v1"
HOUR = 3600


@pytest.fixture(autouse=True)
def _jobs(client):
    for number in range(5):
        client.schedule(Job(class_="Mail" if number % 2 else "Report", args=[number], queue="low"), HOUR + number)
    client.scheduled.kill(client.scheduled.range(4, 4)[0])
    client.enqueue_many([Job(class_="Mail", args=[n], queue="mail", jid=f"m{n}") for n in range(3)])


def rows(web, query=""):
    return web.get(f"{API}/sets/scheduled{query}").json()["rows"]


def test_a_set_is_told_page_by_page_and_through_a_filter(web):
    first = web.get(f"{API}/sets/scheduled?per_page=3").json()

    assert (first["count"], first["page"], first["pages"], len(first["rows"])) == (4, 1, 2, 3)
    assert [row["args"] for row in rows(web, "?per_page=3&page=2")] == [[3]]
    assert [row["args"] for row in rows(web, "?class=Mail")] == [[1], [3]]
    assert [row["class"] for row in web.get(f"{API}/sets/dead").json()["rows"]] == ["Report"]
    row = first["rows"][0]
    job = web.get(f"{API}/sets/scheduled/{row['handle']}").json()
    assert (job["jid"], job["args"], job["where"]) == (row["jid"], [0], "scheduled")


def test_a_misspelt_filter_is_refused_rather_than_taken_for_none(web, client):
    looked = web.get(f"{API}/sets/scheduled?klass=Mail")
    acted = web.post(f"{API}/sets/scheduled/delete-all", json={"where": {"klass": "Mail"}})

    assert looked.json()["detail"].startswith("klass is not known; known are class, queue, error, text")
    assert (acted.status_code, client.scheduled.count()) == (400, 4)


@pytest.mark.parametrize(("deed", "queued", "dead"), [("retry", 2, 1), ("delete", 0, 1), ("kill", 0, 3)])
def test_some_jobs_are_retried_deleted_or_killed(web, client, deed, queued, dead):
    handles = [row["handle"] for row in rows(web, "?class=Mail")]

    done = web.post(f"{API}/sets/scheduled/{deed}", json={"handles": handles}).json()
    again = web.post(f"{API}/sets/scheduled/{deed}", json={"handles": handles}).json()

    assert (done["count"], again["count"]) == (2, 0)
    assert (client.scheduled.count(), client.queue("low").count(), client.dead.count()) == (2, queued, dead)


@pytest.mark.parametrize(("deed", "queued", "dead"), [("retry-all", 2, 1), ("delete-all", 0, 1), ("kill-all", 0, 3)])
def test_all_that_fit_are_retried_deleted_or_killed_step_by_step(web, client, deed, queued, dead):
    step, count = {"cursor": None}, 0
    while True:
        step = web.post(f"{API}/sets/scheduled/{deed}", json={"where": {"class": "Mail"}, **step}).json()
        count += step["count"]
        if step["cursor"] is None:
            break
        step = {"cursor": step["cursor"]}

    assert (count, step["passed"], step["total"]) == (2, 4, 4)
    assert (client.scheduled.count(), client.queue("low").count(), client.dead.count()) == (2, queued, dead)


def test_a_dead_job_can_not_be_killed_and_a_cursor_of_nowhere_is_a_conflict(web):
    assert web.post(f"{API}/sets/dead/kill", json={"handles": ["1.0-" + "0" * 20]}).status_code == 400
    assert web.get(f"{API}/sets/dead?class=A&cursor=nonsense").status_code == 409


def test_a_job_is_found_wherever_it_is(web, client):
    jid = rows(web)[0]["jid"]

    assert web.get(f"{API}/jobs/{jid}").json()["job"]["where"] == "scheduled"
    assert web.get(f"{API}/jobs/m1?queue=mail").json()["job"]["where"] == "queue"
    assert web.get(f"{API}/jobs/nobody").json()["detail"] == "there is no job 'nobody'"


def test_queues_are_told_and_paused_and_cleared(web, client):
    assert [(one["name"], one["size"], one["is_paused"]) for one in web.get(f"{API}/queues").json()] == [
        ("mail", 3, False)
    ]
    assert web.get(f"{API}/queues?name=x").json() == []
    assert web.post(f"{API}/queues/mail/pause").json()["message"] == "mail is paused."
    assert web.post(f"{API}/queues/mail/pause").json()["message"] == "mail was paused already."
    assert web.get(f"{API}/queues/mail").json()["is_paused"] is True
    assert web.post(f"{API}/queues/mail/resume").json()["message"] == "mail is resumed."
    waiting = web.get(f"{API}/queues/mail/jobs?per_page=2").json()
    assert (waiting["size"], [job["jid"] for job in waiting["jobs"]]) == (3, ["m0", "m1"])
    assert [job["jid"] for job in web.get(f"{API}/queues/mail/jobs?per_page=2&page=2").json()["jobs"]] == ["m2"]
    assert web.post(f"{API}/queues/mail/jobs/m0/delete").json()["count"] == 1
    assert web.post(f"{API}/queues/mail/jobs/m0/delete").status_code == 404
    assert web.post(f"{API}/queues/mail/clear").json() == {"message": "mail is empty: 2 jobs were deleted.", "count": 2}
    assert client.queue("mail").count() == 0
