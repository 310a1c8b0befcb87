"""A set of jobs, page by page: by number where all of it is shown, by a cursor where a filter leaves some out."""

from __future__ import annotations

from typing import Literal, TypeAlias

import attrs

from verk_actors.client import Client
from verk_actors.store.job_filter import ALL_JOBS, JobFilter
from verk_actors.store.job_sets import DeadSet, PendingSet, SortedSet
from verk_actors.store.members import Member
from verk_actors.web.redaction import Redaction
from verk_actors.web.views.job_rows import JobRow, row_of

SetName: TypeAlias = Literal["retries", "scheduled", "dead"]

PER_PAGE, MOST_PER_PAGE = 50, 500


@attrs.frozen(kw_only=True)
class JobSetPage:
    """A page of a set: of retries and scheduled jobs those due first come first, of dead ones the last that died.

    Attributes:
        name: of the set.
        count: how many jobs there are in it.
        rows: those of this page.
        page: its number, from 1, of `pages`; None where it is of a filter.
        cursor: what leads to the next page of a filter; None for the last one.
        passed: how many jobs a filter has been held against so far, of `total`.
    """

    name: SetName
    count: int
    rows: list[JobRow]
    page: int | None = None
    pages: int | None = None
    cursor: str | None = None
    passed: int | None = None
    total: int | None = None


def set_of(client: Client, name: SetName) -> DeadSet | PendingSet:
    """Return a set by its name."""
    sets: dict[SetName, DeadSet | PendingSet] = {
        "retries": client.retries,
        "scheduled": client.scheduled,
        "dead": client.dead,
    }
    return sets[name]


def read_set(
    client: Client,
    name: SetName,
    redaction: Redaction,
    where: JobFilter = ALL_JOBS,
    *,
    page: int = 1,
    cursor: str | None = None,
    per_page: int = PER_PAGE,
) -> JobSetPage:
    """Return a page of a set.

    Args:
        client: whose set it is.
        name: of the set.
        redaction: what is shown of arguments.
        where: which jobs are shown.
        page: its number, where all jobs are shown; that of the last one where there are fewer.
        cursor: of the page before, where not all are shown.
        per_page: how many jobs a page has.

    Raises:
        InvalidCursor: it is none of this set.
        InvalidInput: the filter looks where something may be hidden.
    """
    redaction.check(where)
    jobs = set_of(client, name)
    count = jobs.count()
    if where == ALL_JOBS:
        pages = max(1, -(-count // per_page))
        page = min(max(1, page), pages)
        found = _ranked(jobs, (page - 1) * per_page, per_page, latest_first=name == "dead")
        rows = [row_of(member, at, redaction) for member, at in found]
        return JobSetPage(name=name, count=count, rows=rows, page=page, pages=pages)
    part = jobs.scan(where, cursor, limit=per_page, latest_first=name == "dead")
    return JobSetPage(
        name=name,
        count=count,
        rows=[row_of(member, at, redaction) for member, at in part.members],
        cursor=part.cursor,
        passed=part.passed,
        total=part.total,
    )


def _ranked(jobs: SortedSet, start: int, count: int, *, latest_first: bool) -> list[tuple[Member, float]]:
    if latest_first:
        return jobs.range_with_score(-start - count, -start - 1)[::-1]
    return jobs.range_with_score(start, start + count - 1)
