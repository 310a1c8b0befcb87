"""Batches as the dashboard shows them, and what can be done to one."""

from __future__ import annotations

import attrs

from verk_actors.client import Client
from verk_actors.errors import loggable
from verk_actors.store.batch_status import BatchNotFound, BatchStatus
from verk_actors.store.batches import BatchMember

PER_PAGE = 25
MOST_MEMBERS = 50


@attrs.frozen
class BatchPage:
    """Some batches, the last one made first.

    Attributes:
        first: the number of the first of them, from 1; 0 where there are none.
        total: how many there are in all, without those within others.
    """

    batches: tuple[BatchStatus, ...]
    first: int
    total: int


@attrs.frozen
class BatchDetails:
    """One batch.

    Attributes:
        pending, failed: some of its members that may run, and of those that have ended without success.
        within: how far those of them are that are batches.
    """

    batch: BatchStatus
    pending: tuple[BatchMember, ...]
    failed: tuple[BatchMember, ...]
    within: tuple[BatchStatus, ...]


def read_batches(client: Client, number: int, per_page: int = PER_PAGE) -> BatchPage:
    """Return a page of them, by its number, from 1."""
    start = (number - 1) * per_page
    found = tuple(client.batches.range(start, start + per_page - 1))
    return BatchPage(found, start + 1 if found else 0, client.batches.count())


def read_batch(client: Client, bid: str) -> BatchDetails:
    """Return one.

    Raises:
        BatchNotFound: there is none of that id.
    """
    status = client.batches.get(bid)
    if status is None:
        raise BatchNotFound(bid)
    pending, failed = (tuple(client.batches.members(bid, which, MOST_MEMBERS)) for which in ("pending", "failed"))
    within = [client.batches.get(member.id) for member in (*pending, *failed) if member.is_batch]
    return BatchDetails(status, pending, failed, tuple(one for one in within if one is not None))


def delete(client: Client, bid: str) -> str:
    """Forget one, and those within it."""
    if not client.batches.delete(bid):
        raise BatchNotFound(bid)
    return f"The batch {loggable(bid)} is forgotten; its jobs stay."
