"""Nodes and running jobs by the API: what it tells of them, and that what it does is done in Redis."""

from __future__ import annotations

import json
import logging

import pytest
from starlette.testclient import TestClient
from support.nodes import running_node
from support.told_nodes import JID, SIDEKIQ, tell_of_all

from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys, identity_of

API = "/api/v1"
KEYS = Keys()


@pytest.fixture(autouse=True)
def _nodes(redis):
    tell_of_all(redis)


def test_all_nodes_and_running_jobs_are_told(web):
    told = web.get(f"{API}/busy").json()

    assert (told["busy"], told["concurrency"]) == (2, 10)
    assert [(one["node"], one["program"], one["state"]) for one in told["nodes"]] == [
        ("n1", "verk_actors", "running"),
        ("dead", "unknown", "dead"),
        ("verk", "verk", "running"),
        (SIDEKIQ, "sidekiq", "running"),
    ]
    assert [(run["node"], run["class"], run["args"]) for run in told["running"]] == [
        ("n1", "Mail", ["<ada>"]),
        (SIDEKIQ, "Mail", ["<ada>"]),
    ]
    assert [run["progress"] for run in told["running"]] == [
        {"done": 30.0, "total": 120.0, "message": "to <bob>", "percent": 25.0},
        None,
    ]
    dead = web.get(f"{API}/nodes/dead").json()
    assert told["nodes"][1] == web.get(f"{API}/nodes").json()[1] == dead
    assert (dead["in_progress"], dead["hostname"], dead["takes_signals"]) == (2, "", False)
    assert len(web.get(f"{API}/running").json()) == 2


def test_arguments_are_shown_as_the_redaction_says(make_app):
    web = TestClient(make_app(redact=lambda class_, args: ["hidden"]))

    assert {tuple(run["args"]) for run in web.get(f"{API}/busy").json()["running"]} == {("hidden",)}
    assert "&lt;ada&gt;" not in web.get("/busy").text


@pytest.mark.parametrize(("deed", "signal"), [("quiet", b"TSTP"), ("stop", b"TERM")])
@pytest.mark.parametrize(("node", "identity"), [("n1", identity_of("n1")), (SIDEKIQ, SIDEKIQ)])
def test_a_node_is_quieted_and_stopped(web, redis, deed, signal, node, identity):
    answer = web.post(f"{API}/nodes/{node}/{deed}")

    assert answer.status_code == 200 and node in answer.json()["message"]
    assert redis.lrange(KEYS.signals(identity), 0, -1) == [signal]


def test_a_dead_node_is_rescued_and_a_living_one_is_not(web, redis, caplog):
    caplog.set_level(logging.INFO, "verk_actors.web.audit")

    assert web.post(f"{API}/nodes/dead/rescue").json()["message"] == "2 jobs of dead were recovered."
    assert [json.loads(job)["args"] for job in redis.lrange(KEYS.queue("default"), 0, -1)] == [[2], [1]]
    assert "rescue_node dead: 2 jobs of dead were recovered." in caplog.text

    redis.lpush(KEYS.in_progress("default", "n1"), "{}")
    assert web.post(f"{API}/nodes/n1/rescue").json()["message"] == "n1 lives, and keeps its 1 jobs."


@pytest.mark.parametrize(
    ("path", "status", "detail"),
    [
        ("nodes/nobody/quiet", 404, "there is no node 'nobody'"),
        ("nodes/verk/stop", 409, "node 'verk' takes no signals: it is not among Sidekiq's processes (presence=False?)"),
        ("nodes/nobody/rescue", 404, "there is no node 'nobody'"),
    ],
)
def test_what_can_not_be_done_is_a_problem(web, path, status, detail):
    answer = web.post(f"{API}/{path}")

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["detail"] == detail


def test_who_may_only_look_is_refused_and_nothing_is_done(make_app, redis):
    web = TestClient(make_app(read_only=True), headers={"x-requested-with": "test"})

    for path in ("nodes/n1/quiet", "nodes/n1/stop", "nodes/dead/rescue", f"jobs/{JID}/cancel"):
        assert web.post(f"{API}/{path}").status_code == 403
    assert not redis.exists(KEYS.signals(identity_of("n1")))


def test_a_job_is_cancelled_wherever_it_is_and_a_running_one_shows_its_stack(web, config, redis, client):
    redis.flushall()
    with running_node(config, queues={"default": 1}, cancel_grace_seconds=3600.0) as node:
        running = client.enqueue(Job(class_="Waiting", args=[1]))
        node.jobs.gate.wait_started(1)
        waiting = client.enqueue(Job(class_="Good", args=[2]))

        run = web.get(f"{API}/running/{running}").json()
        assert (run["class"], run["node"]) == ("Waiting", config.node_id)
        assert any("perform" in frame for frame in run["stack"])
        assert web.get(f"{API}/running/nobody").status_code == 404
        told = web.get(f"{API}/nodes/{config.node_id}/tree").json()
        assert (told["tree"]["name"], told["restarts"]) == ("actor_system", [])
        assert web.get(f"{API}/nodes/nobody/tree").status_code == 404
        assert "waited in its queue" in web.post(f"{API}/jobs/{waiting}/cancel").json()["message"]
        assert "is asked to end" in web.post(f"{API}/jobs/{running}/cancel").json()["message"]
        node.jobs.gate.open()
        assert web.post(f"{API}/jobs/nobody/cancel").status_code == 404

    assert [job.jid for job in client.dead.range()] == [waiting]
