"""`verk stats`: what is in Redis, as a table and as JSON."""

from __future__ import annotations

import json
import re
import signal

import pytest
from support.commands import Command, verk

from verk_actors.wire.job import Job


@pytest.fixture
def filled(redis, client):
    """Fill the server with something of everything."""
    for key in range(3):
        client.enqueue(Job(class_="Note", args=[key]))
    client.schedule(Job(class_="Note", args=[], queue="mail"), 3600)
    client.retries.add(b"{}", 1.0)
    client.dead.add(b"1", 1.0)
    client.dead.add(b"2", 1.0)
    redis.mset({"stat:processed": 1234, "stat:failed": 5, "stat:processed:default": 1000, "stat:failed:default": 4})
    redis.sadd("verk_nodes", "n1", "n2", "n3")
    redis.sadd("verk:node:n1:queues", "default", "mail")
    redis.set("verk:node:n1", "token", px=60_000)
    redis.lpush("inprogress:default:n1", "1", "2")
    redis.set("verk:node:n3", "token", px=60_000)
    redis.hset("verk:process:n3", mapping={"beat": "1.0", "quiet": "true"})
    redis.sadd("paused", "default")


def test_an_empty_server_has_nothing_to_show(verk_here, redis_url):
    said = verk_here("stats", "--redis", redis_url)

    assert said.stdout == (
        "PROCESSED  FAILED  SCHEDULED  RETRY  DEAD\n"
        "        0       0          0      0     0\n\nno queues\n\nno nodes\n"
    )


@pytest.mark.slow  # an interpreter starts
def test_queues_sets_totals_and_nodes_are_tables(tmp_path, redis_url, filled):
    said = verk("stats", "--redis", redis_url, cwd=tmp_path)

    assert said.returncode == 0
    lines = [re.sub(r"\d+ (s|min|h|d)\b", "T", line) for line in said.stdout.splitlines()]
    assert [re.sub(" +", " ", line).strip() for line in lines] == [
        "PROCESSED FAILED SCHEDULED RETRY DEAD",
        "1,234 5 1 1 2",
        "",
        "QUEUE STATE WAITING LATENCY IN PROGRESS PROCESSED FAILED",
        "default pausing 3 T 2 1,000 4",
        "",
        "NODE PROGRAM STATE HEARTBEAT IN PROGRESS QUEUES",
        "n1 verk_actors running 2 default, mail",
        "n3 verk_actors quiet T ago 0",
        "n2 unknown dead 0",
    ]


def test_all_of_it_is_one_line_of_json(verk_here, redis_url, filled):
    said = verk_here("stats", "--json", "--redis", redis_url)

    assert said.stdout.count("\n") == 1
    figures = json.loads(said.stdout)
    queues, nodes = figures.pop("queues"), figures.pop("nodes")
    assert figures == {"processed": 1234, "failed": 5, "scheduled": 1, "retry": 1, "dead": 2}
    [queue] = queues
    assert queue.pop("latency_seconds") < 60
    assert queue == {
        "name": "default", "state": "pausing", "size": 3, "busy": 0, "slots": None, "in_progress": 2,
        "is_paused": True, "processed": 1000, "failed": 4,
    }  # fmt: skip
    told = {one["node"]: (one["program"], one["state"], one["queues"], one["in_progress"]) for one in nodes}
    assert told == {
        "n1": ("verk_actors", "running", ["default", "mail"], 2),
        "n2": ("unknown", "dead", [], 0),
        "n3": ("verk_actors", "quiet", [], 0),
    }
    [age] = [one["beat_age_seconds"] for one in nodes if one["node"] == "n3"]
    assert age > 60


@pytest.mark.slow  # an interpreter starts
def test_they_are_shown_again_and_again_until_a_signal(tmp_path, redis_url, filled):
    with Command("stats", "--watch", "0.1", "--redis", redis_url, cwd=tmp_path) as watching:
        watching.expect("jobs per second: 0.0\n", count=2)
        watching.send(signal.SIGINT)

        assert watching.exit_code() == 0


@pytest.mark.slow  # an interpreter starts
def test_who_watches_sees_redis_go_and_come_back(tmp_path, own_server):
    with Command("stats", "--watch", "0.1", "--redis", own_server.url, cwd=tmp_path) as watching:
        watching.expect("jobs per second: 0.0\n")
        own_server.kill()
        watching.expect(" failed: ")
        own_server.start()
        watching.output = ""
        watching.expect("jobs per second: 0.0\n")
        watching.send(signal.SIGINT)

        assert watching.exit_code() == 0


def test_a_name_that_is_no_text_does_not_reach_the_terminal(verk_here, redis_url, redis):
    redis.sadd("queues", b"\x1b[2Jgone")

    said = verk_here("stats", "--redis", redis_url)

    assert "\\x1b[2Jgone" in said.stdout


def test_without_redis_it_fails_and_says_so(tmp_path, verk_here):
    failed = verk_here("stats", "--redis", f"unix://{tmp_path}/nothing")

    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr.startswith("Error: connect unix://")
