"""`/queues`: all queues, with what waits in them and how they are worked."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from verk_actors.web.page import page
from verk_actors.web.site import site_of
from verk_actors.web.views.queue_figures import read_figures


def show(request: Request) -> Response:
    """Show those whose names have the text of the filter in them."""
    client, name = site_of(request).client, request.query_params.get("name", "")
    names = client.queue_names()
    queues = read_figures(client, [one for one in names if name.lower() in one.lower()])
    return page(request, "queues.html", queues=queues, count=len(names), name=name)


routes = [Route("/queues", show)]
