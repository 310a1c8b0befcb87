"""`/batches` and `/batches/BID`: how far batches are, with the members that have not succeeded; delete one."""

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
from verk_actors.web.views import batches as views


def show_all(request: Request) -> Response:
    """Show a page of them."""
    number = number_in(request.query_params.get("page"), 1)
    found = views.read_batches(site_of(request).client, number)
    return page(request, "batches.html", page=found, number=number, per_page=views.PER_PAGE)


def show(request: Request) -> Response:
    """Show one."""
    details = views.read_batch(site_of(request).client, request.path_params["bid"])
    return page(request, "batch.html", details=details, most=views.MOST_MEMBERS)


def delete(request: Request, _: FormData) -> str:
    """Forget one."""
    bid = request.path_params["bid"]
    return carry_out(request, Action.DELETE_BATCH, bid, lambda: views.delete(site_of(request).client, bid))


routes = [
    Route("/batches", show_all),
    form_route("/batches/{bid}/delete", delete, back="batches"),
    Route("/batches/{bid}", show),
]
