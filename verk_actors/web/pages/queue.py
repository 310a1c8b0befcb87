"""`/queues/NAME`: one queue, with the jobs that wait and those that run; pause, resume, clear it, delete a job."""

from __future__ import annotations

from collections.abc import Callable

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from verk_actors.client import Client
from verk_actors.web.access import Action
from verk_actors.web.actions import carry_out, form_route
from verk_actors.web.numbers import number_in
from verk_actors.web.page import page
from verk_actors.web.site import site_of
from verk_actors.web.views import queue_actions
from verk_actors.web.views.queue_jobs import PER_PAGE, read_queue


def show(request: Request) -> Response:
    """Show a page of it."""
    site, name = site_of(request), request.path_params["queue"]
    queue = read_queue(site.client, name, site.redaction, number_in(request.query_params.get("page"), 1))
    return page(request, "queue.html", queue=queue, name=name, per_page=PER_PAGE)


def delete(request: Request, form: FormData) -> str:
    """Delete one job."""
    client, name, handle = site_of(request).client, request.path_params["queue"], str(form.get("job"))
    number = number_in(form.get("page"), 1)
    return carry_out(request, Action.DELETE_JOB, name, lambda: queue_actions.delete(client, name, handle, number))


def _form(verb: str, action: Action, do: Callable[[Client, str], str]) -> Route:
    """Return the route of a form that does something to the queue of its path."""

    def perform(request: Request, _: FormData) -> str:
        name = request.path_params["queue"]
        return carry_out(request, action, name, lambda: do(site_of(request).client, name))

    return form_route(f"/queues/{{queue:path}}/{verb}", perform, back="queues")


routes = [
    _form("pause", Action.PAUSE_QUEUE, queue_actions.pause),
    _form("resume", Action.RESUME_QUEUE, queue_actions.resume),
    _form("clear", Action.CLEAR_QUEUE, lambda client, name: queue_actions.clear(client, name).text),
    form_route("/queues/{queue:path}/delete", delete, back="queues"),
    Route("/queues/{queue:path}", show),
]
