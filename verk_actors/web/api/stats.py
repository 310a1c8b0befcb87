"""What pages poll while they are looked at."""

from __future__ import annotations

from verk_actors.web.api.operation import looks
from verk_actors.web.site import Site
from verk_actors.web.views.stats import Stats, read_stats


@looks("/stats")
def stats(site: Site) -> Stats:
    """Return the system in numbers."""
    return read_stats(site.client, site.clock())
