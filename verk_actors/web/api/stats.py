"""The system as a whole."""

from __future__ import annotations

from typing import Annotated

import attrs

from verk_actors.figures.stats import Stats, read_stats
from verk_actors.store.audit_log import AuditEntry
from verk_actors.web.api.json_form import Between
from verk_actors.web.api.operation import looks
from verk_actors.web.site import Site
from verk_actors.web.views.overview import Server, read_servers


@attrs.frozen(kw_only=True)
class AuditQuery:
    """How far back.

    Attributes:
        count: how many actions.
    """

    count: Annotated[int, Between(1, 1000)] = 200


@looks("/stats")
def stats(site: Site) -> Stats:
    """Return the system in numbers: what pages poll while they are looked at."""
    return read_stats(site.client, site.clock())


@looks("/servers")
def servers(site: Site) -> list[Server]:
    """Return what each Redis tells of itself, and what of it costs jobs sooner or later."""
    return read_servers(site.client)


@looks("/audit")
def audit(site: Site, query: AuditQuery) -> list[AuditEntry]:
    """Return what has been done by dashboards, the last first."""
    return site.audit_log.latest(query.count)
