"""`/busy`: the nodes, and the jobs that run; quiet, stop or rescue a node. A job is cancelled by its own page."""

from __future__ import annotations

from collections.abc import Callable

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from verk_actors.client import Client
from verk_actors.web.access import Action
from verk_actors.web.actions import carry_out, form_route
from verk_actors.web.page import page
from verk_actors.web.site import site_of
from verk_actors.web.views import busy_actions
from verk_actors.web.views.busy import read_busy


def show(request: Request) -> Response:
    """Show them."""
    site = site_of(request)
    return page(request, "busy.html", busy=read_busy(site.client, site.redaction))


def _form(path: str, action: Action, do: Callable[[Client, str], str]) -> Route:
    """Return the route of a form that does something to a node."""

    def perform(request: Request, _: FormData) -> str:
        node = request.path_params["node"]
        return carry_out(request, action, node, lambda: do(site_of(request).client, node))

    return form_route(path, perform, back="busy")


routes = [
    Route("/busy", show),
    _form("/busy/{node}/quiet", Action.QUIET_NODE, busy_actions.quiet),
    _form("/busy/{node}/stop", Action.STOP_NODE, busy_actions.stop),
    _form("/busy/{node}/rescue", Action.RESCUE_NODE, busy_actions.rescue),
]
