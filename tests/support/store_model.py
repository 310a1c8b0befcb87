"""What the store should hold and answer, in plain Python: the counterpart of all its Lua scripts together.

Lists are as Redis has them, the head first. `None` as a return value means that the store should raise.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from verk_actors.errors import MalformedJob
from verk_actors.store.exchange import Settlement
from verk_actors.wire.bookkeeping import restore
from verk_actors.wire.codec import decode

NOW = 1000.0
MAX_DEAD_JOBS = 1
DEAD_TIMEOUT_SECONDS = 100.0
MAX_BYTES = 150

Set = dict[bytes, float]
_SETS = {"retry": "retry", "snooze": "schedule", "dead": "dead", "bury": "dead"}  # by kind of settlement


class StoreModel:
    """Everything in Redis.

    Attributes:
        queues: the jobs of each queue; in_progress: by queue and node.
        sets: retry, schedule and dead.
        leases: the token of each node that has one.
        spoiled: keys (a queue's name, or a set's) that hold something else.
        counters: `processed` and `failed` runs, and by queue as `processed:QUEUE`.
        enveloped: bytes that must have come to the dead set in an envelope by the last step, and aren't in `sets` yet.
    """

    def __init__(self) -> None:
        self.queues: dict[str, list[bytes]] = defaultdict(list)
        self.in_progress: dict[tuple[str, str], list[bytes]] = defaultdict(list)
        self.sets: dict[str, Set] = {"retry": {}, "schedule": {}, "dead": {}}
        self.queue_names: set[str] = set()
        self.leases: dict[str, str] = {}
        self.registered: set[str] = set()
        self.node_queues: dict[str, set[str]] = defaultdict(set)
        self.recovered: Counter[bytes] = Counter()
        self.counters: Counter[str] = Counter()
        self.spoiled: set[str] = set()
        self.enveloped: list[bytes] = []

    def enqueue(self, queue: str, payloads: Sequence[bytes]) -> int | None:
        """Add jobs at the head; returns how many there are then."""
        if queue in self.spoiled:
            return None
        self.queues[queue][:0] = reversed(payloads)
        if payloads:
            self.queue_names.add(queue)
        return len(self.queues[queue])

    # -- exchange.lua

    def exchange(
        self, queue: str, node: str, token: str, settlements: Sequence[Settlement], fetch: int
    ) -> tuple[str, list[bool | None], list[bytes], int] | None:
        """Settle, trim, fetch; returns the first word of the status, and what else `Exchanged` has."""
        ours = self.leases.get(node) == token
        refused = queue in self.spoiled and ours and fetch > 0
        if refused and not settlements:
            return None
        flags = [self._settle(queue, node, settlement) for settlement in settlements]
        buried = any(flag and done.kind in ("dead", "bury") for flag, done in zip(flags, settlements, strict=True))
        trimmed = self._trim() if buried else 0
        fetched = self._fetch(queue, node, fetch) if ours and not refused else []
        status = "FENCED" if fetch and not ours else "WRONGTYPE" if refused else "OK"
        return status, flags, fetched, trimmed

    def _settle(self, queue: str, node: str, settlement: Settlement) -> bool | None:
        listed, kind = self.in_progress[queue, node], settlement.kind
        if settlement.payload not in listed:
            return False
        del listed[len(listed) - 1 - listed[::-1].index(settlement.payload)]
        goes_to = {"requeue": queue, **_SETS}.get(kind)
        if goes_to in self.spoiled:
            listed.insert(0, settlement.payload)
            return None
        if kind == "requeue":
            self.queues[queue].append(settlement.payload)
        elif kind in _SETS:
            self.sets[_SETS[kind]][settlement.new] = settlement.score
        if kind in ("ack", "retry", "dead", "discard"):
            self._count("processed", queue)
        if kind in ("retry", "dead", "discard"):
            self._count("failed", queue)
        return True

    def _count(self, counter: str, queue: str) -> None:
        self.counters[counter] += 1
        self.counters[f"{counter}:{queue}"] += 1

    def _trim(self) -> int:
        dead = self.sets["dead"]
        old = sum(score <= NOW - DEAD_TIMEOUT_SECONDS for score in dead.values())
        excess = max(len(dead) - MAX_DEAD_JOBS, old, 0)
        for payload in _in_order(dead)[:excess]:
            del dead[payload]
        return excess

    def _fetch(self, queue: str, node: str, most: int) -> list[bytes]:
        waiting, fetched = self.queues[queue], list[bytes]()
        while waiting and len(fetched) < most and sum(map(len, fetched)) < MAX_BYTES:
            fetched.append(waiting.pop())
            self.in_progress[queue, node].insert(0, fetched[-1])
        if fetched:
            self.node_queues[node].add(queue)
        return fetched

    # -- due.lua and move.lua

    def promote(self, limit: int, pages: int, now: float) -> tuple[int, int, int] | None:
        """Move what is due, so many pages from either set; returns jobs moved, malformed and refused."""
        done = [
            self._promote_from(name, limit, pages, now) for name in ("retry", "schedule") if name not in self.spoiled
        ]
        if "retry" in self.spoiled:
            return None
        return tuple(map(sum, zip(*done, strict=True)))  # type: ignore[return-value]  # three numbers each

    def _promote_from(self, name: str, limit: int, pages: int, now: float) -> tuple[int, int, int]:
        members = self.sets[name]
        results: list[str] = []
        while pages:
            due = [payload for payload in _in_order(members) if members[payload] <= now]
            page = due[results.count("refused") :][:limit]
            done = [self._promote_one(members, payload) for payload in page]
            results += done
            if not page:
                break
            pages -= {"moved", "malformed"} & set(done) != set()  # one of refused members alone does not count
        return results.count("moved"), results.count("malformed"), results.count("refused")

    def _promote_one(self, members: Set, payload: bytes) -> str:
        queue = queue_of(payload)
        if queue is None:
            if "dead" in self.spoiled:
                return "refused"
            self.enveloped.append(payload)
        elif queue in self.spoiled:
            return "refused"
        else:
            self.enqueue(queue, [payload])
        del members[payload]
        return "moved" if queue else "malformed"

    def requeue(self, name: str, payload: bytes, queue: str, restored: bytes) -> bool | None:
        """Move a member to its queue; returns whether it was there."""
        if name in self.spoiled:
            return None
        if payload not in self.sets[name]:
            return False
        if self.enqueue(queue, [restored]) is None:
            return None
        del self.sets[name][payload]
        return True

    def kill(self, name: str, payload: bytes) -> bool | None:
        """Move a member to the dead set; returns whether it was there."""
        if name in self.spoiled:
            return None
        if payload not in self.sets[name]:
            return False
        if "dead" in self.spoiled:
            return None
        del self.sets[name][payload]
        if _is_malformed(payload):
            self.enveloped.append(payload)
        else:
            self.sets["dead"][payload] = NOW
        return True

    def take_over(self, dead: Sequence[tuple[bytes, float]]) -> None:
        """Enter envelopes, whose jid and time the model can't know, as they are; they must hold what they should."""
        new = {member: score for member, score in dead if member not in self.sets["dead"]}
        assert sorted(map(str, map(restore, new))) == sorted(map(str, self.enveloped))
        self.sets["dead"].update(new)
        self.enveloped.clear()

    # -- nodes

    def heartbeat(self, node: str, token: str, queues: Sequence[str], fresh: str) -> tuple[str, str]:
        """Take or keep a lease; returns the status and the holder."""
        holder = self.leases.get(node)
        if holder not in (None, token, fresh):
            return "CONFLICT", str(holder)
        kept = holder == token and node in self.registered
        self.leases[node] = token if kept else fresh
        self.registered.add(node)
        self.node_queues[node].update(queues)
        return "OK" if kept else "NEW", self.leases[node]

    def rescue(
        self, node: str, queue: str, limit: int, max_recoveries: int
    ) -> tuple[bool, int, int, list[bytes]] | None:
        """Move a batch of a dead node's jobs back; returns what `Rescued` has."""
        if node in self.leases:
            return True, 0, 0, []
        if queue in self.spoiled:
            return None
        listed, moved, poison = self.in_progress[queue, node], 0, list[bytes]()
        batch = listed[:limit]
        self.recovered.update(set(batch))
        for payload in batch:
            if self.recovered[payload] > max_recoveries:
                poison.append(payload)
            else:
                listed.remove(payload)
                self.queues[queue].append(payload)
                moved += 1
        if moved:
            self.queue_names.add(queue)
        if not listed:
            self._forget(node, queue)
        return False, moved, len(listed), poison

    def _forget(self, node: str, queue: str | None) -> None:
        self.node_queues[node].discard(queue or "")
        if not self.node_queues[node]:
            self.registered.discard(node)

    def deregister(self, node: str, token: str | None) -> int:
        """End a lease; returns how many jobs are left in progress, -1 if it isn't the token's."""
        if self.leases.get(node) != token:
            return -1
        queues = sorted(self.node_queues[node])
        self.leases.pop(node, None)
        for queue in queues:
            if not self.in_progress[queue, node]:
                self.node_queues[node].discard(queue)
        self._forget(node, None)
        return sum(len(self.in_progress[queue, node]) for queue in queues)


def queue_of(payload: bytes) -> str | None:
    """Return the queue that a payload names; None if it names none, or is no job."""
    try:
        return decode(payload).queue
    except MalformedJob:
        return None


def _is_malformed(payload: bytes) -> bool:
    try:
        decode(payload)
    except MalformedJob:
        return True
    return False


def _in_order(members: Set) -> list[bytes]:
    return sorted(members, key=lambda payload: (members[payload], payload))


def jid_of(payload: bytes) -> str:
    """Return the id of a job that has one of its own; empty for others."""
    found = re.search(rb'"jid":"(job\d+)"', payload)
    return found[1].decode() if found else ""


def rewritten(payload: bytes) -> bytes:
    """Return what a failure makes of a payload, of equal ones the same."""
    return payload.replace(b"}", b',"retry_count":1}') if b"retry_count" not in payload else payload + b" "
