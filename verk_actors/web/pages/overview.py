"""`/`: the system in numbers, live, and its history."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from verk_actors.web.page import page
from verk_actors.web.site import site_of
from verk_actors.web.views.stats import read_stats


def show(request: Request) -> Response:
    """Show it."""
    site = site_of(request)
    return page(request, "overview.html", stats=read_stats(site.client, site.clock()))


routes = [Route("/", show)]
