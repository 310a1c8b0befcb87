"""Jobs are enqueued by the API as a client of Python does it."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from verk_actors.wire.job import Job

JOBS = "/api/v1/queues/mail/jobs"
OPTIONS = {
    "max_retry_count": 3,
    "dead": False,
    "unique_for": 60,
    "unique_until": "start",
    "expires_in": 30.5,
    "retry_for": 600,
    "result_for": 3600,
}


def test_a_job_comes_to_its_queue_with_all_that_is_said_of_it(web, client):
    answer = web.post(JOBS, json={"class": "Mail", "args": ["ada", {"cc": None}], **OPTIONS})

    [job] = client.queue("mail").range()
    assert answer.json() == {"message": f"Mail {job.jid} is enqueued.", "count": 1, "jid": job.jid}
    assert (job.class_, job.args) == ("Mail", ["ada", {"cc": None}])
    assert {name: getattr(job, name) for name in OPTIONS} == OPTIONS
    [entry] = web.get("/api/v1/audit").json()
    assert (entry["action"], entry["target"], entry["outcome"]) == (
        "enqueue_job",
        "mail",
        f"Mail {job.jid} is enqueued.",
    )


def test_it_may_be_told_little_of_a_job_and_when_to_run_it(web, client):
    now, later = web.post(JOBS, json={"class": "Mail"}), web.post(JOBS, json={"class": "Mail", "at": 4e9, "jid": "j1"})

    assert (now.status_code, client.queue("mail").count()) == (200, 1)
    assert later.json()["message"] == "Mail j1 is enqueued for later."
    assert [(job.jid, at) for job, at in client.scheduled.range_with_score()] == [("j1", 4e9)]


def test_what_is_asked_for_again_after_a_lost_answer_is_enqueued_once(web, client):
    answers = [web.post(JOBS, json={"class": "Mail", "jid": "j1", "once": True}) for _ in range(2)]

    assert [answer.json()["jid"] for answer in answers] == ["j1", "j1"]
    assert client.queue("mail").count() == 1


@pytest.mark.parametrize(
    ("told", "status", "detail"),
    [
        ({}, 400, "class is missing"),
        ({"class": " "}, 400, "class must be 1 to 300 letters, digits and signs of ASCII"),
        ({"class": "Mail", "queue": "low"}, 400, "queue is not known"),
        ({"class": "Mail", "args": "ada"}, 400, "args must be a list"),
        ({"class": "Mail", "expires_in": 0}, 400, "expires_in must be from 1 to 40000000000"),
        ({"class": "Mail", "args": ["x" * 900], "jid": "long"}, 400, "payload"),
        ({"class": "Mail", "unique_for": 9}, 409, "is the only one of"),
    ],
)
def test_what_can_not_be_enqueued_is_refused_with_the_reason(config, make_app, client, told, status, detail):
    client.enqueue(Job(class_="Mail", args=[], unique_for=60.0, queue="mail"))
    web = TestClient(make_app(config={"max_payload_bytes": 1000}), headers={"x-requested-with": "test"})

    answer = web.post(JOBS, json=told)

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert detail in answer.json()["detail"]
    assert client.queue("mail").count() == 1


def test_a_queue_that_no_job_can_name_is_refused(web, client):
    assert (
        "name must be 1 to 128 letters" in web.post("/api/v1/queues/a%20b/jobs", json={"class": "A"}).json()["detail"]
    )
    assert client.queue_names() == []


def test_who_may_not_enqueue_does_not(make_app, client):
    web = TestClient(make_app(access=lambda _: ["pause_queue"]), headers={"x-requested-with": "test"})

    assert web.post(JOBS, json={"class": "Mail"}).status_code == 403
    assert client.queue_names() == []
