"""The jobs of one queue: those that wait, page by page, and those that run."""

from __future__ import annotations

import attrs

from verk_actors.client import Client
from verk_actors.figures.queues import QueueFigures, read_queues
from verk_actors.jobs.run import JobRun
from verk_actors.store.members import Malformed, Member
from verk_actors.web.redaction import Redaction
from verk_actors.web.views.busy import shown
from verk_actors.web.views.job_rows import JobRow, row_of

PER_PAGE = 50


@attrs.frozen(kw_only=True)
class QueueJobs:
    """One queue and a page of its jobs.

    Attributes:
        figures: the queue in numbers.
        running: its jobs that run, those that have run for longest first.
        rows: the jobs of this page, that which runs next first. `at` is when one was enqueued; 0 where it does not
            tell. The time of a handle is 0.
        page: its number, from 1, of `pages`.
    """

    figures: QueueFigures
    running: list[JobRun]
    rows: list[JobRow]
    page: int
    pages: int


def place_of(page: int) -> int:
    """Return how many jobs run before those of a page."""
    return (page - 1) * PER_PAGE


def read_queue(client: Client, name: str, redaction: Redaction, page: int) -> QueueJobs:
    """Return a queue and a page of its jobs; the last page where there are fewer."""
    [figures] = read_queues(client, [name])
    pages = max(1, -(-figures.size // PER_PAGE))
    page = min(max(1, page), pages)
    last = -1 - place_of(page)
    members = client.queue(name).range(last - PER_PAGE + 1, last)
    return QueueJobs(
        figures=figures,
        running=[shown(run, redaction) for run in client.running() if run.queue == name],
        rows=[_row(member, redaction) for member in reversed(members)],
        page=page,
        pages=pages,
    )


def _row(member: Member, redaction: Redaction) -> JobRow:
    row = row_of(member, 0.0, redaction)
    if isinstance(member, Malformed):
        return row
    return attrs.evolve(row, at=member.enqueued_at or member.created_at or 0.0)
