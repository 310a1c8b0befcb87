"""Where jobs are that don't run: a set, or a queue; each read and swept in the same way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

import attrs
import click

from verk_actors.client import Client
from verk_actors.store.job_filter import ALL_JOBS, JobFilter
from verk_actors.store.job_sets import PendingSet, SortedSet
from verk_actors.store.members import Member
from verk_actors.store.queue import Queue
from verk_actors.wire.keys import Keys

SETS = ("retry", "scheduled", "dead")
_QUEUE = Keys().queue("")  # as people know it from Redis

Entry: TypeAlias = tuple[Member, float | None]
"""What is found, with its time in the set: when it is due, or when it died; None in a queue."""


def place_name(_: click.Context, __: click.Parameter, name: str) -> str:
    """Return the name of a place, if it is one: of a set, or `queue:NAME`."""
    if name in SETS or (name.startswith(_QUEUE) and name != _QUEUE):
        return name
    raise click.BadParameter(f"{name!r} is none of {', '.join(SETS)} and queue:NAME")


def complete_place(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of places that begin so."""
    return [name for name in (*SETS, _QUEUE) if name.startswith(incomplete)]


@attrs.frozen
class Place:
    """A set or a queue, by the name that the command line has for it."""

    name: str
    jobs: SortedSet | Queue

    @classmethod
    def named(cls, client: Client, name: str) -> Place:
        """Return the place of a name."""
        sets: dict[str, SortedSet] = {"retry": client.retries, "scheduled": client.scheduled, "dead": client.dead}
        return cls(name, sets[name] if name in sets else client.queue(name.removeprefix(_QUEUE)))

    @classmethod
    def all(cls, client: Client) -> Iterator[Place]:
        """Yield all sets, then all queues."""
        yield from (cls.named(client, name) for name in SETS)
        yield from (cls.named(client, f"{_QUEUE}{name}") for name in client.queue_names())

    def count(self) -> int:
        """Return how many jobs there are."""
        return self.jobs.count()

    def first(self, limit: int, where: JobFilter) -> list[Entry]:
        """Return some jobs that fit: those that are due first, have died last, or run next.

        Where something is asked of them, the first that are found.
        """
        if where != ALL_JOBS:
            found: list[Entry] = []
            for page in self.pages(where):
                found += page
                if len(found) >= limit:
                    break
            return found[:limit]
        if isinstance(self.jobs, Queue):
            return [(member, None) for member in reversed(self.jobs.range(-limit, -1))]
        if self.name == "dead":
            return [*reversed(self.jobs.range_with_score(-limit, -1))]
        return [*self.jobs.range_with_score(0, limit - 1)]

    def pages(self, where: JobFilter) -> Iterator[Sequence[Entry]]:
        """Yield the jobs that fit, page by page; of a set they may be removed meanwhile."""
        if isinstance(self.jobs, Queue):
            yield from ([(member, None) for member in page] for page in self.jobs.pages(where))
        else:
            yield from self.jobs.pages(where)

    def find(self, jid: str) -> Entry | None:
        """Return the job with an id, None if it isn't here."""
        return next((entry for page in self.pages(JobFilter(jid=jid)) for entry in page), None)

    def delete(self, members: Iterable[Member]) -> int:
        """Remove these jobs; returns how many were still here."""
        return self.jobs.delete_many(members)

    def retry(self, members: Iterable[Member]) -> int:
        """Move these jobs to their queues; returns how many."""
        if isinstance(self.jobs, Queue):
            raise click.UsageError("jobs of a queue run anyway; a set is needed: " + ", ".join(SETS))
        return self.jobs.requeue_many(members)

    def kill(self, members: Iterable[Member]) -> int:
        """Move these jobs to the dead set; returns how many."""
        if not isinstance(self.jobs, PendingSet):
            raise click.UsageError("jobs can be killed in retry and scheduled alone; see to cancel for others")
        return self.jobs.kill_many(members)

    def clear(self) -> bool:
        """Remove all jobs; returns whether there were any."""
        return self.jobs.clear()
