"""`/metrics.prom`: what Prometheus scrapes of all that is in Redis; each node's own is on its health port."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from verk_actors.extras import part
from verk_actors.web.site import site_of


def metrics(request: Request) -> Response:
    """Answer a scrape."""
    prometheus = part("integrations.prometheus")
    collector = prometheus.ClusterCollector(site_of(request).client)
    text, content_type = prometheus.exposition(request.headers.get("accept", ""), collector)
    return Response(text, headers={"content-type": content_type})


routes = [Route("/metrics.prom", metrics)]
