"""`/`: the system in numbers, live, and its history."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from verk_actors.web.page import page
from verk_actors.web.site import site_of
from verk_actors.web.views.overview import DAYS, read_overview


def show(request: Request) -> Response:
    """Show it, with as many days as are asked for."""
    site, asked = site_of(request), request.query_params.get("days")
    days = next((days for days in DAYS if str(days) == asked), DAYS[1])
    overview = read_overview(site.client, site.clock(), days)
    return page(request, "overview.html", overview=overview, days=days, choices=DAYS)


routes = [Route("/", show)]
