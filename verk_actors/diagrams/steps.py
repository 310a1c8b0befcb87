"""The arrows of a message diagram, and which messages have to do with a job."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import attrs

from verk_actors.events import JobEvent
from verk_actors.tree.messages import JobsEnded, JobsMoved, Run, RunsEnded
from verk_actors.tree.running_job import RunningJob

_UNNAMED = (Run, JobsEnded, JobsMoved, RunsEnded)  # they name no job, and are about it all the same


@attrs.frozen
class Step:
    """Who sends what to whom, or does something by itself."""

    sender: str
    receiver: str
    text: str


@attrs.frozen
class Move:
    """Who moves the job to another key of Redis, or out of it, by which command or script."""

    sender: str
    operation: str
    place: str | None
    receiver: str = "Redis"

    @property
    def text(self) -> str:
        """What a diagram of messages says of it."""
        return f"{self.operation}: the job goes to {self.place}" if self.place else f"{self.operation}: the job is done"


Way = Sequence[Step | Move]
"""What happened to one job, in order."""


def text_of(message: object, jid: str) -> str | None:
    """Return what a diagram says of a message, None for one that has nothing to do with the job."""
    name = type(message).__name__
    if isinstance(message, _UNNAMED):
        return name
    about = list(_about(message, jid))
    return f"{name}: {', '.join(about)}" if about else None


def _about(message: object, jid: str) -> Iterator[str]:
    """Yield the fields that hold the job, or the names of the events about it."""
    cls = type(message)
    if not attrs.has(cls):
        return
    for field in attrs.fields(cls):
        items = getattr(message, field.name)
        if isinstance(items, list | tuple):
            yield from dict.fromkeys(_names(field.name, items, jid))


def _names(field: str, items: Iterable[object], jid: str) -> Iterator[str]:
    for item in items:
        if isinstance(item, JobEvent | RunningJob) and item.job is not None and item.job.jid == jid:
            yield type(item).__name__ if isinstance(item, JobEvent) else field
