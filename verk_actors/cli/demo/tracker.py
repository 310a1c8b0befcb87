"""What became of the demo's jobs: counted from events, from Redis and from the tree."""

from __future__ import annotations

from collections.abc import Iterable, Set

import attrs

from verk_actors.client import Client
from verk_actors.events import Event, JobDead, JobEvent, JobFailed, JobFinished
from verk_actors.listener import EventListener
from verk_actors.otp import Call, ProcessInfo, handles
from verk_actors.store.members import Member
from verk_actors.wire.job import Job


@attrs.frozen(kw_only=True)
class Tally:
    """The jids of jobs that finished, of those that failed at least once, and of those that died, so far."""

    finished: Set[str] = frozenset()
    failed: Set[str] = frozenset()
    died: Set[str] = frozenset()

    @property
    def ended(self) -> Set[str]:
        """Those whose life is over."""
        return self.finished | self.died


@attrs.frozen
class Look(Call[Tally]):
    """Answer the tally."""


class Tracker(EventListener):
    """Listens, and keeps the tally."""

    def __init__(self) -> None:
        super().__init__()
        self._finished: set[str] = set()
        self._failed: set[str] = set()
        self._died: set[str] = set()

    def handle_event(self, event: Event) -> None:
        """Count."""
        sets = {JobFinished: self._finished, JobFailed: self._failed, JobDead: self._died}
        jids = sets.get(type(event))
        if jids is not None and isinstance(event, JobEvent):
            jids.add(str(event.job.jid))

    @handles(Look)
    def look(self, _: Look) -> Tally:
        """Answer a copy."""
        return Tally(finished=frozenset(self._finished), failed=frozenset(self._failed), died=frozenset(self._died))


@attrs.frozen(kw_only=True)
class Summary:
    """How the demo ended, in numbers of jobs.

    Attributes:
        retried: finished after at least one failure.
        dead: in Redis' dead set.
        scheduled_ran: scheduled, and finished.
        restarts: of processes, by their supervisors.
        lost: enqueued or scheduled, and neither finished nor anywhere in Redis.
    """

    finished: int
    retried: int
    dead: int
    scheduled_ran: int
    restarts: int
    lost: int


def summarise(enqueued: Set[str], scheduled: Set[str], tally: Tally, redis: Client, tree: ProcessInfo) -> Summary:
    """Count.

    Args:
        enqueued: the jids of all jobs, those that were scheduled too.
        scheduled: the jids of those that were scheduled.
        tally: what the events said.
        redis: a client, to look for the others.
        tree: the node's processes.
    """
    dead = _jids(redis.dead.range())
    waiting = _jids(redis.retries.range()) | _jids(redis.scheduled.range())
    for queue in redis.queue_names():
        waiting |= _jids(redis.queue(queue).range())
    return Summary(
        finished=len(tally.finished),
        retried=len(tally.finished & tally.failed),
        dead=len(dead),
        scheduled_ran=len(tally.finished & scheduled),
        restarts=sum(process.restarts for process in tree.walk()),
        lost=len(enqueued - tally.finished - dead - waiting),
    )


def _jids(members: Iterable[Member]) -> Set[str]:
    return {str(member.jid) for member in members if isinstance(member, Job)}
