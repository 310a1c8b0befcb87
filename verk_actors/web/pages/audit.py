"""`/audit`: what has been done by dashboards, the last first."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from verk_actors.store.audit_log import MOST_KEPT
from verk_actors.web.page import page
from verk_actors.web.site import site_of

_SHOWN = 200


def show(request: Request) -> Response:
    """Show the latest."""
    entries = site_of(request).audit_log.latest(_SHOWN)
    return page(request, "audit.html", entries=entries, kept=MOST_KEPT)


routes = [Route("/audit", show)]
