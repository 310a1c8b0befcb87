"""Jobs enqueued while Redis fails over: which were acknowledged, and what became of them."""

from __future__ import annotations

from collections.abc import Callable

import redis as redis_py

from support.eventually import eventually
from support.nodes import Node
from verk_actors.errors import EnqueueUncertain, StoreUnavailable
from verk_actors.wire.job import Job


class Deliveries:
    """Enqueues `Good` jobs, each with a number of its own, to the queue `q` of a node.

    Attributes:
        acknowledged, uncertain: the numbers of those that were, and of those that may be, in Redis.
        refused: how many were not enqueued.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self.acknowledged: set[int] = set()
        self.uncertain: set[int] = set()
        self.refused = 0

    def one(self) -> None:
        """Enqueue one more."""
        number = len(self.acknowledged) + len(self.uncertain) + self.refused
        try:
            self._node.client.enqueue(Job(queue="q", class_="Good", args=[number]))
            self.acknowledged.add(number)
        except EnqueueUncertain:
            self.uncertain.add(number)
        except StoreUnavailable:
            self.refused += 1

    def until(self, over: Callable[[], object]) -> None:
        """Enqueue one after the other until that is true."""

        def look() -> bool:
            self.one()
            return bool(over())

        eventually(look, "end")

    def more(self, count: int) -> None:
        """Enqueue until so many more have been acknowledged."""
        wanted = len(self.acknowledged) + count
        self.until(lambda: len(self.acknowledged) >= wanted)

    @property
    def run(self) -> set[object]:
        """The numbers of those that have run."""
        return {key for (_, key), runs in list(self._node.jobs.runs.items()) if runs}

    def all_run(self) -> None:
        """Wait until each that was acknowledged has run."""
        eventually(lambda: self.acknowledged <= self.run, f"runs of all acknowledged; missing {self.lost_or_late()}")

    def lost_or_late(self) -> list[int]:
        """Return what was acknowledged and has not run."""
        return sorted(number for number in self.acknowledged if number not in self.run)[:10]


def settled(redis: redis_py.Redis, prefix: str = "") -> None:
    """Wait until nothing is queued or in progress."""
    held = (f"{prefix}inprogress:".encode(), f"{prefix}queue:".encode())
    # By one command: between two, a job could move from where the second looks to where the first has looked.
    eventually(lambda: not any(key.startswith(held) for key in redis.keys(f"{prefix}*")), "quiet queues")
