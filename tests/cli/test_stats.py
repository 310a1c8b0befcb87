"""`verk stats`: what is in Redis, as a table and as JSON."""

from __future__ import annotations

import json

import pytest
from support.commands import verk

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
    assert said.stdout == (
        "PROCESSED  FAILED  SCHEDULED  RETRY  DEAD\n"
        "    1,234       5          1      1     2\n"
        "\n"
        "QUEUE    WAITING  IN PROGRESS  PROCESSED  FAILED  PAUSED\n"
        "default        3            2      1,000       4  paused\n"
        "\n"
        "NODE  STATE    QUEUES\n"
        "n1    running  default, mail\n"
        "n2    dead\n"
        "n3    quiet\n"
    )


def test_all_of_it_is_one_line_of_json(verk_here, redis_url, filled):
    said = verk_here("stats", "--json", "--redis", redis_url)

    assert said.stdout.count("\n") == 1
    assert json.loads(said.stdout) == {
        "processed": 1234,
        "failed": 5,
        "scheduled": 1,
        "retry": 1,
        "dead": 2,
        "queues": {"default": {"waiting": 3, "in_progress": 2, "paused": True, "processed": 1000, "failed": 4}},
        "nodes": {
            "n1": {"alive": True, "quiet": False, "queues": ["default", "mail"]},
            "n2": {"alive": False, "quiet": False, "queues": []},
            "n3": {"alive": True, "quiet": True, "queues": []},
        },
    }


def test_a_name_that_is_no_text_does_not_reach_the_terminal(verk_here, redis_url, redis):
    redis.sadd("queues", b"\x1b[2Jgone")

    said = verk_here("stats", "--redis", redis_url)

    assert "\\x1b[2Jgone" in said.stdout


def test_without_redis_it_fails_and_says_so(tmp_path, verk_here):
    failed = verk_here("stats", "--redis", f"unix://{tmp_path}/nothing")

    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr.startswith("Error: connect unix://")
