"""Batches: how far they are, and what is done to one."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import attrs

from verk_actors.store.batch_status import BatchInBatch, BatchNotFound
from verk_actors.web.access import Action
from verk_actors.web.api.json_form import Between, Sized
from verk_actors.web.api.operation import Done, acts, looks
from verk_actors.web.site import Site
from verk_actors.web.views import batches as views

Bid: TypeAlias = Annotated[str, Sized(1, 128)]


@attrs.frozen(kw_only=True)
class BatchPart:
    """Which batches are asked for.

    Attributes:
        page: the number of the page, from 1; the last one made comes first.
        per_page: how many batches a page has.
    """

    page: Annotated[int, Between(1, 1_000_000)] = 1
    per_page: Annotated[int, Between(1, 100)] = views.PER_PAGE


@looks("/batches")
def batches(site: Site, part: BatchPart) -> views.BatchPage:
    """Return a page of the batches, without those within others."""
    return views.read_batches(site.client, part.page, part.per_page)


@looks("/batches/{bid}", BatchNotFound)
def batch(site: Site, bid: Bid) -> views.BatchDetails:
    """Return one batch, with some of the members that have not succeeded.

    Args:
        bid: its id.
    """
    return views.read_batch(site.client, bid)


@acts("/batches/{bid}/delete", Action.DELETE_BATCH, BatchNotFound, BatchInBatch)
def delete_batch(site: Site, bid: Bid) -> Done:
    """Forget a batch, and those within it; its jobs stay.

    Args:
        bid: its id.
    """
    return Done(message=views.delete(site.client, bid))
