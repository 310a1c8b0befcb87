"""`verk queues`: what waits, and pauses and deletions by hand."""

from __future__ import annotations

import json
import re

import pytest

from verk_actors.wire.job import Job


@pytest.fixture
def filled(redis, client):
    """Fill two queues."""
    for key in range(3):
        client.enqueue(Job(class_="Note", args=[key]))
    client.enqueue(Job(class_="Note", args=[], queue="mail"))
    redis.sadd("verk_nodes", "n1")
    redis.sadd("verk:node:n1:queues", "default")
    redis.lpush("inprogress:default:n1", "1", "2")
    redis.mset({"stat:processed:default": 1000, "stat:failed:default": 4})


def test_all_queues_are_listed_with_what_waits_and_what_has_run(verk_here, redis_url, filled):
    said = verk_here("queues", "--redis", redis_url)

    assert re.sub(r"\d+ s ", "T   ", said.stdout) == (
        "QUEUE    STATE     WAITING  LATENCY  IN PROGRESS  PROCESSED  FAILED\n"
        "default  unworked        3  T                  2      1,000       4\n"
        "mail     unworked        1  T                  0          0       0\n"
    )


def test_the_list_as_json_is_of_those_that_are_named(verk_here, redis_url, filled):
    said = verk_here("queues", "list", "default", "none", "--json", "--redis", redis_url)

    default, none = json.loads(said.stdout)
    assert default.pop("latency_seconds") < 60
    assert default == {
        "name": "default", "state": "unworked", "size": 3, "busy": 0, "slots": None, "in_progress": 2,
        "is_paused": False, "processed": 1000, "failed": 4,
    }  # fmt: skip
    assert none["size"] == none["latency_seconds"] == 0


def test_size_and_latency_are_plain_numbers(verk_here, redis_url, filled):
    assert verk_here("queues", "size", "default", "--redis", redis_url).stdout == "3\n"
    assert 0 <= float(verk_here("queues", "latency", "default", "--redis", redis_url).stdout) < 60


def test_queues_are_paused_and_resumed(verk_here, redis_url, client, filled):
    paused = verk_here("queues", "pause", "default", "mail", "--redis", redis_url)
    assert client.paused_queue_names() == ["default", "mail"]
    resumed = verk_here("queues", "resume", "mail", "none", "--redis", redis_url)

    assert paused.stdout == "default paused\nmail paused\n"
    assert resumed.stdout == "mail resumed\nnone was not paused\n"
    assert client.paused_queue_names() == ["default"]


def test_a_queue_is_cleared_only_by_who_says_yes(verk_here, redis_url, client, filled, answers):
    refused = verk_here("queues", "clear", "default", "--redis", redis_url)
    assert (refused.returncode, client.queue("default").count()) == (2, 3)
    assert refused.stderr == "Error: nobody is there to answer: Delete 3 jobs in default? Add --yes to do it\n"

    answers("n")
    aborted = verk_here("queues", "clear", "default", "--redis", redis_url)
    assert (aborted.returncode, client.queue("default").count()) == (1, 3)

    answers("y")
    assert verk_here("queues", "clear", "default", "--redis", redis_url).stdout.strip() == "default cleared of 3 jobs"
    assert verk_here("queues", "clear", "mail", "none", "--yes", "--redis", redis_url).stdout == (
        "mail cleared of 1 job\nnone was empty\n"
    )
    assert client.queue_names() == []


def test_an_unknown_command_of_a_group_is_refused(verk_here):
    refused = verk_here("queues", "empty")

    assert (refused.returncode, refused.stderr) == (2, "Error: No such command 'empty'.\n")
