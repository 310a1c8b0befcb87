"""`/queues`: all queues, with what waits in them and how they are worked."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from verk_actors.figures.queues import read_queues
from verk_actors.web.numbers import number_in
from verk_actors.web.page import page
from verk_actors.web.site import site_of

_PER_PAGE = 100


def show(request: Request) -> Response:
    """Show a page of those whose names have the text of the filter in them."""
    client, name = site_of(request).client, request.query_params.get("name", "")
    names = client.queue_names()
    fitting = [one for one in names if name.lower() in one.lower()]
    pages = max(1, -(-len(fitting) // _PER_PAGE))
    number = number_in(request.query_params.get("page"), 1, least=1, most=pages)
    start = (number - 1) * _PER_PAGE
    return page(
        request,
        "queues.html",
        queues=read_queues(client, fitting[start : start + _PER_PAGE]),
        count=len(names),
        name=name,
        start=start,
        fitting=len(fitting),
        number=number,
        pages=pages,
    )


routes = [Route("/queues", show)]
