"""`/cron`: the periodic jobs, when they come and how they went; pause, resume, run, remove one."""

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
from verk_actors.web.views import cron_actions
from verk_actors.web.views.cron import read_cron


def show(request: Request) -> Response:
    """Show all of them."""
    site = site_of(request)
    return page(request, "cron.html", entries=read_cron(site.client, site.redaction))


def _form(verb: str, action: Action, do: Callable[[Client, str], str]) -> Route:
    """Return the route of a form that does something to the periodic job of its path."""

    def perform(request: Request, _: FormData) -> str:
        name = request.path_params["name"]
        return carry_out(request, action, name, lambda: do(site_of(request).client, name))

    return form_route(f"/cron/{{name:path}}/{verb}", perform, back="cron")


routes = [
    Route("/cron", show),
    _form("pause", Action.PAUSE_CRON, cron_actions.pause),
    _form("resume", Action.RESUME_CRON, cron_actions.resume),
    _form("run", Action.RUN_CRON, cron_actions.run),
    _form("remove", Action.REMOVE_CRON, cron_actions.remove),
]
