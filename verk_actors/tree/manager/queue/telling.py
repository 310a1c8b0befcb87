"""Tells those of other parts of the tree whom an exchange concerns."""

from __future__ import annotations

from collections.abc import Sequence

from verk_actors.events import DeadJobsTrimmed
from verk_actors.otp import Server
from verk_actors.tree import names
from verk_actors.tree.messages import LimitsMoved, MembersEnded, Publish
from verk_actors.tree.node_state import RedisServer
from verk_actors.tree.running_job import RunningJob


def tell_of_trimmed(sender: Server, queue: str, count: int) -> None:
    """Tell listeners of dead jobs that were dropped."""
    sender.cast_to(names.EVENT_PRODUCER, Publish([DeadJobsTrimmed(queue=queue, count=count)]))


def tell_of_settled(sender: Server, server: RedisServer, jobs: Sequence[RunningJob]) -> None:
    """Tell the managers of what settled jobs were part of; whom it does not reach looks by himself before long."""
    bids = {row.job.batch for row in jobs if row.job is not None and row.job.batch is not None}
    if bids:
        sender.cast_to(server.named(names.BATCH_MANAGER), MembersEnded(bids))


def tell_of_limits(sender: Server, server: RedisServer, moved: set[str]) -> None:
    """Tell the LimitManager of limits for which jobs wait or that have room, and forget them."""
    sender.cast_to(server.named(names.LIMIT_MANAGER), LimitsMoved(frozenset(moved)))
    moved.clear()
