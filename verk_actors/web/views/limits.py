"""The limits as the dashboard shows them, and a page of the jobs that wait for one."""

from __future__ import annotations

import attrs

from verk_actors.client import Client
from verk_actors.store.all_limits import LimitStatus
from verk_actors.web.errors import NotThere
from verk_actors.web.redaction import Redaction
from verk_actors.web.views.job_rows import JobRow, row_of

PER_PAGE = 50


@attrs.frozen(kw_only=True)
class LimitJobs:
    """A limit and a page of the jobs that wait for it.

    Attributes:
        status: the limit.
        rows: the jobs of this page, the one that waits for longest first; `at` is when one was enqueued.
        page: its number, from 1, of `pages`.
    """

    status: LimitStatus
    rows: list[JobRow]
    page: int
    pages: int


def read_limits(client: Client, redaction: Redaction) -> tuple[LimitStatus, ...]:
    """Return all of them, by id; where arguments may be hidden, without the rows of their values."""
    return tuple(one for one in client.limits.list() if one.id == one.name or not redaction.is_on)


def read_limit(client: Client, id_: str, redaction: Redaction, page: int = 1) -> LimitJobs:
    """Return one limit and a page of the jobs that wait for it; the last page where there are fewer.

    Raises:
        NotThere: it is of the value of an argument, and arguments may be hidden.
    """
    status = client.limits.get(id_)
    if redaction.is_on and status.id != status.name:
        raise NotThere("limit", status.name)
    pages = max(1, -(-status.waiting // PER_PAGE))
    page = min(max(1, page), pages)
    found = client.limits.waiting(id_).range_with_score((page - 1) * PER_PAGE, page * PER_PAGE - 1)
    return LimitJobs(
        status=status, rows=[row_of(member, at, redaction) for member, at in found], page=page, pages=pages
    )
