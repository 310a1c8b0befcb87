"""Where jobs are that don't run: a set, a queue, or waiting for a limit; each read and swept in the same way."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

import attrs
import click

from verk_actors.client import Client
from verk_actors.store.job_filter import ALL_JOBS, JobFilter
from verk_actors.store.job_sets import PendingSet, SortedSet
from verk_actors.store.members import Member
from verk_actors.store.queue import Queue
from verk_actors.store.set_steps import SetStep
from verk_actors.wire.keys import Keys

SETS = ("retry", "scheduled", "dead")
_QUEUE = Keys().queue("")  # as people know it from Redis
_LIMIT = "limit:"

Entry: TypeAlias = tuple[Member, float | None]
"""What is found, with its time in the set: when it is due, or when it died; None in a queue."""


def place_name(_: click.Context, __: click.Parameter, name: str) -> str:
    """Return the name of a place, if it is one: of a set, `queue:NAME` or `limit:ID`."""
    if name in SETS or (name.startswith((_QUEUE, _LIMIT)) and name not in (_QUEUE, _LIMIT)):
        return name
    raise click.BadParameter(f"{name!r} is none of {', '.join(SETS)}, queue:NAME and limit:ID")


def complete_place(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of places that begin so."""
    return [name for name in (*SETS, _QUEUE, _LIMIT) if name.startswith(incomplete)]


@attrs.frozen
class Place:
    """A set, a queue or a limit, by the name that the command line has for it."""

    name: str
    jobs: SortedSet | Queue

    @classmethod
    def named(cls, client: Client, name: str) -> Place:
        """Return the place of a name."""
        if name.startswith(_LIMIT):
            return cls(name, client.limits.waiting(name.removeprefix(_LIMIT)))
        sets: dict[str, SortedSet] = {"retry": client.retries, "scheduled": client.scheduled, "dead": client.dead}
        return cls(name, sets[name] if name in sets else client.queue(name.removeprefix(_QUEUE)))

    @classmethod
    def all(cls, client: Client) -> Iterator[Place]:
        """Yield all sets, then all queues, then all limits that jobs wait for."""
        yield from (cls.named(client, name) for name in SETS)
        yield from (cls.named(client, f"{_QUEUE}{name}") for name in client.queue_names())
        yield from (cls.named(client, f"{_LIMIT}{one.id}") for one in client.limits.list() if one.waiting)

    def count(self) -> int:
        """Return how many jobs there are."""
        return self.jobs.count()

    def first(self, limit: int, where: JobFilter) -> list[Entry]:
        """Return some jobs that fit: those that are due first, have died last, or run next."""
        if isinstance(self.jobs, Queue):
            if where == ALL_JOBS:
                return [(member, None) for member in reversed(self.jobs.range(-limit, -1))]
            last = deque((member for page in self.jobs.pages(where) for member in page), maxlen=limit)
            return [(member, None) for member in reversed(last)]
        found: list[Entry] = []
        cursor: str | None = None
        while len(found) < limit:
            part = self.jobs.scan(where, cursor, limit=limit - len(found), latest_first=self.name == "dead")
            found += part.members
            cursor = part.cursor
            if cursor is None:
                break
        return found

    def count_fitting(self, where: JobFilter) -> int:
        """Return how many jobs fit; all are looked at."""
        return self.count() if where == ALL_JOBS else sum(map(len, self.jobs.pages(where)))

    def find(self, jid: str) -> Entry | None:
        """Return the job with an id, None if it isn't here."""
        where = JobFilter(jid=jid)
        if isinstance(self.jobs, Queue):
            job = self.jobs.find(jid)
            return None if job is None else (job, None)
        return next((entry for page in self.jobs.pages(where) for entry in page), None)

    # Some jobs, and all that fit, step by step

    def delete(self, members: Iterable[Member]) -> int:
        """Remove these jobs; returns how many were still here."""
        return self.jobs.delete_many(members)

    def deleting(self, where: JobFilter) -> Iterator[SetStep]:
        """Remove the jobs that fit."""
        return (
            self._clearing(self.jobs, where) if isinstance(self.jobs, Queue) else _steps(self.jobs.delete_step, where)
        )

    def retry(self, members: Iterable[Member]) -> int:
        """Move these jobs to their queues; returns how many."""
        return self._retried().requeue_many(members)

    def retrying(self, where: JobFilter) -> Iterator[SetStep]:
        """Move the jobs that fit to their queues."""
        return _steps(self._retried().requeue_step, where)

    def kill(self, members: Iterable[Member]) -> int:
        """Move these jobs to the dead set; returns how many."""
        return self._killed().kill_many(members)

    def killing(self, where: JobFilter) -> Iterator[SetStep]:
        """Move the jobs that fit to the dead set."""
        return _steps(self._killed().kill_step, where)

    def clear(self) -> bool:
        """Remove all jobs; returns whether there were any."""
        return self.jobs.clear()

    def _retried(self) -> SortedSet:
        if isinstance(self.jobs, Queue):
            raise click.UsageError("jobs of a queue run anyway; a set is needed: " + ", ".join(SETS))
        return self.jobs

    def _killed(self) -> PendingSet:
        if not isinstance(self.jobs, PendingSet):
            raise click.UsageError("jobs can be killed in retry, scheduled and limits alone; see to cancel for others")
        return self.jobs

    @staticmethod
    def _clearing(queue: Queue, where: JobFilter) -> Iterator[SetStep]:
        """Remove jobs of a queue. All are found before, since what is taken from a list moves the rest."""
        pages = list(queue.pages(where))
        total, passed = sum(map(len, pages)), 0
        for page in pages:
            passed += len(page)
            yield SetStep(done=queue.delete_many(page), refusal=None, cursor=None, passed=passed, total=total)


def _steps(step: Callable[[JobFilter, str | None], SetStep], where: JobFilter) -> Iterator[SetStep]:
    cursor: str | None = None
    while True:
        one = step(where, cursor)
        yield one
        cursor = one.cursor
        if cursor is None:
            return
