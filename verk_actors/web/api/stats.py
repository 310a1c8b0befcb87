"""`/api/v1/stats`: what pages poll while they are looked at."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from verk_actors.web.api.answer import as_answer
from verk_actors.web.site import site_of
from verk_actors.web.views.stats import read_stats


def stats(request: Request) -> Response:
    """Answer the system in numbers."""
    site = site_of(request)
    return as_answer(read_stats(site.client, site.clock()))


routes = [Route("/api/v1/stats", stats)]
