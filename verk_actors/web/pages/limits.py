"""`/limits`: the limits, who holds them and who waits; `/limits/ID`: one of them and the jobs that wait; resets one."""

from __future__ import annotations

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from verk_actors.web.access import Action
from verk_actors.web.actions import carry_out, form_route
from verk_actors.web.numbers import number_in
from verk_actors.web.page import page
from verk_actors.web.site import site_of
from verk_actors.web.views import limit_actions
from verk_actors.web.views.limits import PER_PAGE, read_limit, read_limits

_MOST_PAGES = 10**9


def show_all(request: Request) -> Response:
    """Show all of them."""
    site = site_of(request)
    return page(request, "limits.html", limits=read_limits(site.client, site.redaction))


def show(request: Request) -> Response:
    """Show one, with a page of the jobs that wait for it."""
    site, id_ = site_of(request), request.path_params["id"]
    number = number_in(request.query_params.get("page"), 1, least=1, most=_MOST_PAGES)
    found = read_limit(site.client, id_, site.redaction, number)
    return page(request, "limit.html", limit=found.status, jobs=found, per_page=PER_PAGE)


def reset(request: Request, _: FormData) -> str:
    """Begin one anew."""
    id_ = request.path_params["id"]
    return carry_out(request, Action.RESET_LIMIT, id_, lambda: limit_actions.reset(site_of(request).client, id_))


routes = [
    Route("/limits", show_all),
    form_route("/limits/{id:path}/reset", reset, back="limits"),
    Route("/limits/{id:path}", show),
]
