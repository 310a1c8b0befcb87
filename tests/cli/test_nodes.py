"""`verk nodes` and `verk busy`: who works, and on what."""

from __future__ import annotations

import json
import re

import pytest


@pytest.fixture
def nodes(redis):
    """Have a node that lives and runs a job, one that is dead with two, and one that tells nothing of itself."""
    now = int(redis.time()[0])
    redis.sadd("verk_nodes", "alive", "dead", "mute")
    redis.set("verk:node:alive", "token", px=60_000)
    redis.set("verk:node:mute", "alive", px=60_000)
    redis.sadd("verk:node:alive:queues", "default", "mail")
    redis.sadd("verk:node:dead:queues", "mail")
    payloads = ['{"class":"Mail","args":[],"jid":"m1"}', '{"class":"Mail","args":[],"jid":"m2"}']
    redis.lpush("inprogress:mail:dead", *payloads)
    redis.hset("verk:process:alive", mapping={"beat": str(now), "quiet": "false"})
    redis.sadd("processes", "verk:process:alive", "host:1:abc")
    about = json.dumps({"queues": ["low"], "hostname": "host", "pid": 1})
    redis.hset("host:1:abc", mapping={"info": about, "beat": str(now), "busy": "3", "quiet": "false"})
    job = {"class": "Note", "args": ["\x1b[2J"], "jid": "j1", "queue": "default"}
    progress = {"done": 3, "total": 4, "message": "\x1b[2J"}
    work = {"queue": "default", "payload": json.dumps(job), "run_at": now - 130, "progress": progress}
    redis.hset("verk:process:alive:work", "w1", json.dumps(work))


def test_nodes_are_listed_with_what_they_hold(verk_here, redis_url, nodes):
    said = verk_here("nodes", "--redis", redis_url)

    assert re.sub(r"\d+ s ago", "T      ", said.stdout) == (
        "NODE        PROGRAM      STATE    HEARTBEAT  IN PROGRESS  QUEUES\n"
        "alive       verk_actors  running  T                    0  default, mail\n"
        "dead        unknown      dead                          2  mail\n"
        "mute        verk         running                       0\n"
        "host:1:abc  sidekiq      running  T                    3  low\n"
    )


def test_nodes_as_json(verk_here, redis_url, nodes):
    said = verk_here("nodes", "list", "--json", "--redis", redis_url)

    told = json.loads(said.stdout)
    assert [(one["node"], one["program"], one["state"], one["in_progress"], one["busy"]) for one in told] == [
        ("alive", "verk_actors", "running", 0, None),
        ("dead", "unknown", "dead", 2, None),
        ("mute", "verk", "running", 0, None),
        ("host:1:abc", "sidekiq", "running", None, 3),
    ]


def test_a_node_is_told_to_be_quiet_and_to_stop(verk_here, redis_url, redis, nodes):
    quiet = verk_here("nodes", "quiet", "alive", "--redis", redis_url)
    stop = verk_here("nodes", "stop", "alive", "--yes", "--redis", redis_url)

    assert quiet.stdout == "alive: is told to fetch no more jobs\n"
    assert stop.stdout == "alive: is told to stop\n"
    assert redis.lrange("verk:process:alive-signals", 0, -1) == [b"TERM", b"TSTP"]


@pytest.mark.parametrize(
    ("node_id", "said"),
    [("none", "there is no node 'none'"), ("mute", "node 'mute' takes no signals")],
)
def test_a_node_that_can_not_be_told_is_named(verk_here, redis_url, nodes, node_id, said):
    failed = verk_here("nodes", "quiet", node_id, "--redis", redis_url)

    assert failed.returncode == 1
    assert said in failed.stderr


def test_the_jobs_of_dead_nodes_are_rescued(verk_here, redis_url, client, nodes):
    said = verk_here("nodes", "rescue", "--redis", redis_url)

    assert said.stdout == "dead: 2 jobs given back, 0 buried, 0 left\n"
    assert client.queue("mail").count() == 2
    assert verk_here("nodes", "rescue", "--redis", redis_url).stdout == "no node is dead\n"
    assert verk_here("nodes", "rescue", "alive", "--redis", redis_url).stdout == (
        "alive: 0 jobs given back, 0 buried, 0 left\n"
    )


def test_the_jobs_that_run_are_listed(verk_here, redis_url, nodes):
    said = verk_here("busy", "--redis", redis_url)
    as_json = verk_here("busy", "--class", "Note", "--json", "--redis", redis_url)

    assert said.stdout == (
        "JID  CLASS  QUEUE    NODE   RUNS FOR  PROGRESS\n"
        "j1   Note   default  alive  2 min     3 of 4 (75%), \\x1b[2J\n"
    )  # fmt: skip
    [run] = json.loads(as_json.stdout)
    assert (run["jid"], run["class"], run["args"]) == ("j1", "Note", ["\x1b[2J"])
    assert verk_here("busy", "--queue", "mail", "--redis", redis_url).stdout == "no job runs\n"
