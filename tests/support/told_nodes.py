"""Nodes of all kinds as Redis knows them, without any of them: what the dashboard reads."""

from __future__ import annotations

import json

from redis import Redis

from verk_actors.wire.keys import Keys, identity_of

SIDEKIQ = "vm:952:02b4ecabc929"
JID = "b4a577edbccf1d805744efa9"
"""Of the job that each running one runs."""


def tell_of_all(redis: Redis, keys: Keys = Keys()) -> None:  # noqa: B008  frozen
    """Put a node of ours that lives, a dead one with two jobs, one of Verk's and a process of Sidekiq's there."""
    now = redis.time()[0]
    redis.sadd(keys.nodes, "n1", "dead", "verk")
    redis.set(keys.node("n1"), "token", px=60_000)
    redis.set(keys.node("verk"), "alive", px=60_000)
    for node in ("n1", "dead", "verk"):
        redis.sadd(keys.node_queues(node), "default")
    redis.lpush(keys.in_progress("default", "dead"), *(json.dumps({"class": "A", "args": [n]}) for n in (1, 2)))
    for identity, name in ((identity_of("n1"), "n1"), (SIDEKIQ, "app")):
        info = {"hostname": "vm", "pid": 952, "tag": name, "queues": ["default"], "labels": ["blue"],
                "started_at": now - 90.5, "identity": identity}  # fmt: skip
        redis.sadd(keys.processes, identity)
        told = {"concurrency": 5, "busy": 1, "beat": now, "rtt_us": 250, "quiet": "false", "rss": 51_200}
        redis.hset(keys.process(identity), mapping=told | {"info": json.dumps(info)})
        payload = json.dumps({"class": "Mail", "args": ["<ada>"], "jid": JID, "queue": "default"})
        run = {"queue": "default", "payload": payload, "run_at": now - 65}
        if name == "n1":
            run["progress"] = {"done": 30, "total": 120, "message": "to <bob>"}
        redis.hset(keys.work(identity), "w1", json.dumps(run))
