"""All that Redis holds, in the shape in which the model has it."""

from __future__ import annotations

import hashlib
from typing import Any

import redis as redis_py

from support.store_model import StoreModel
from verk_actors.wire.keys import Keys

KEYS = Keys("app")
QUEUES, NODES = ("q", "r", "default"), ("n1", "n2")
SETS = {"retry": KEYS.retry, "schedule": KEYS.schedule, "dead": KEYS.dead}
COUNTERS = [f"{kind}{queue}" for kind in ("processed", "failed") for queue in ("", ":q", ":r")]


def all_held(redis: redis_py.Redis, model: StoreModel) -> dict[str, Any]:
    """Return it, read in one go; what the model says is spoiled counts as empty."""
    spoiled = {key_of(name) for name in model.spoiled}
    lists = {
        "queues": {queue: KEYS.queue(queue) for queue in QUEUES},
        "in_progress": {(queue, node): KEYS.in_progress(queue, node) for queue in QUEUES[:2] for node in NODES},
    }
    pipe = redis.pipeline(transaction=False)
    for keys in lists.values():
        for key in keys.values():
            pipe.lrange("none" if key in spoiled else key, 0, -1)
    for key in SETS.values():
        pipe.zrange("none" if key in spoiled else key, 0, -1, withscores=True)
    for node in NODES:
        pipe.get(KEYS.node(node)).pttl(KEYS.node(node)).smembers(KEYS.node_queues(node))
    pipe.smembers(KEYS.nodes).smembers(KEYS.queues).hgetall(KEYS.recovered)
    for counter in COUNTERS:
        pipe.get(KEYS.processed.replace("processed", counter))
    replies = iter(pipe.execute())
    held: dict[str, Any] = {part: {name: next(replies) for name in keys} for part, keys in lists.items()}
    held["sets"] = {name: dict(next(replies)) for name in SETS}
    held |= {"leases": {}, "node_queues": {}}
    for node in NODES:
        token, left_ms, names = next(replies), next(replies), next(replies)
        assert left_ms != -1, f"the lease of {node} never ends"
        held["leases"][node], held["node_queues"][node] = token and token.decode(), _texts(names)
    held |= {"registered": _texts(next(replies)), "queue_names": _texts(next(replies))}
    known = {hashlib.sha1(payload).hexdigest(): payload for payload in model.recovered}
    held["recovered"] = {known[sha.decode()]: int(count) for sha, count in next(replies).items()}
    held["counters"] = {name: int(count) for name, count in zip(COUNTERS, replies, strict=True) if count}
    return held


def key_of(name: str) -> str:
    """Return the key of a set, or of a queue."""
    return SETS.get(name) or KEYS.queue(name)


def _texts(names: set[bytes]) -> set[str]:
    return {name.decode() for name in names}
