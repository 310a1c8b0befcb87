"""`/queues`: all queues, with what waits in them and how they are worked."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from verk_actors.figures.queues import read_queues
from verk_actors.web.page import page
from verk_actors.web.site import site_of


def show(request: Request) -> Response:
    """Show those whose names have the text of the filter in them."""
    client, name = site_of(request).client, request.query_params.get("name", "")
    names = client.queue_names()
    queues = read_queues(client, [one for one in names if name.lower() in one.lower()])
    return page(request, "queues.html", queues=queues, count=len(names), name=name)


routes = [Route("/queues", show)]
