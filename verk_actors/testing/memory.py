"""The places of jobs without a Redis: queues, and the sets of those that are scheduled, retried and dead."""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Literal

import attrs

from verk_actors.errors import MalformedJob
from verk_actors.store.effects import Effect
from verk_actors.store.entries import Lock
from verk_actors.store.exchange import Settlement
from verk_actors.wire import bookkeeping
from verk_actors.wire.codec import decode
from verk_actors.wire.job import Job

SetName = Literal["schedule", "retry", "dead"]
_SETS: dict[str, SetName] = {"retry": "retry", "snooze": "schedule", "dead": "dead", "bury": "dead"}
"""Where a job goes that has ended; an `ack`, a `discard` or an `expire` is gone."""


@attrs.frozen(order=True)
class Member:
    """A job in a set, and when it is due or died."""

    score: float
    payload: bytes = attrs.field(repr=False)


class Memory:
    """What Redis would hold, to the byte.

    Attributes:
        queues: the payloads of each queue, next to run first.
        sets: those that are due later, and the dead, by their time.
        locks: of unique jobs: whose each is, and until when.
        kept: what jobs returned, by key, and until when.
    """

    def __init__(self) -> None:
        self.queues: dict[str, deque[bytes]] = {}
        self.sets: dict[SetName, list[Member]] = {"schedule": [], "retry": [], "dead": []}
        self.locks: dict[str, tuple[str, float]] = {}
        self.kept: dict[str, tuple[bytes, float]] = {}

    def add(self, queue: str, payload: bytes, score: float | None = None) -> None:
        """Put a job into its queue, or among the scheduled ones."""
        if score is None:
            self.queues.setdefault(queue, deque()).append(payload)
        else:
            insort(self.sets["schedule"], Member(score, payload))

    def lock(self, jid: str, locks: Sequence[Lock], now: float) -> str | None:
        """Give a job its locks; returns the jid of the job that has one of them already, which may be the same."""
        for lock in locks:
            holder, until = self.locks.get(lock.key, ("", 0.0))
            if until > now:
                return holder
        self.locks |= {lock.key: (jid, now + lock.seconds) for lock in locks}
        return None

    def release(self, effects: Iterable[Effect]) -> None:
        """Release the locks that are still those of the jobs which have ended, in whatever namespace clients write."""
        for effect in effects:
            for key, (jid, _) in list(self.locks.items()):
                if effect.args == (jid,) and (key == effect.key or key.endswith(f":{effect.key}")):
                    del self.locks[key]

    def take(self, queue: str | None = None) -> tuple[str, bytes] | None:
        """Take the next job out of a queue, or out of any, with its queue."""
        for name in [queue] if queue is not None else list(self.queues):
            if self.queues.get(name):
                return name, self.queues[name].popleft()
        return None

    def settle(self, queue: str, settlement: Settlement, now: float) -> None:
        """Put a job where it belongs after its run, as the settlement of a node says."""
        self.release(effect for effect in settlement.effects if effect.command == "RELEASE")
        for effect in settlement.effects:
            if effect.command == "SET" and isinstance(value := effect.args[0], bytes):
                self.kept[effect.key] = (value, now + float(effect.args[2]) / 1000)
        if settlement.kind == "requeue":
            self.queues.setdefault(queue, deque()).appendleft(settlement.payload)
        elif settlement.kind in _SETS:
            member = Member(settlement.score, settlement.new or settlement.payload)
            insort(self.sets[_SETS[settlement.kind]], member)

    def move_due(self, now: float) -> None:
        """Bring to their queues the jobs whose time has come."""
        for name in ("retry", "schedule"):
            waiting = self.sets[name]
            while waiting and waiting[0].score <= now:
                job = decode(waiting.pop(0).payload)
                self.add(job.queue or "default", bookkeeping.enqueued(job, now=now))

    def next_due(self) -> float | None:
        """Return when the next job is due that waits in a set."""
        return min((self.sets[name][0].score for name in ("retry", "schedule") if self.sets[name]), default=None)

    def jobs_of(self, name: SetName) -> list[Job]:
        """Return the jobs of a set, the soonest first; what is no job is left out."""
        return [job for member in self.sets[name] if (job := _job_of(member.payload)) is not None]


def _job_of(payload: bytes) -> Job | None:
    try:
        return decode(payload)
    except MalformedJob:
        return None
