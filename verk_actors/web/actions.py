"""Actions: what a form or the API has done, once it is allowed, and how the page that it was on hears of it.

A page posts a form; the action is done before the answer, which leads back to the page with a message. So a reload does
nothing twice. An error of ours is a message too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from verk_actors.errors import VerkError
from verk_actors.web import audit
from verk_actors.web.access import Action, allowed_of
from verk_actors.web.messages import leave_message
from verk_actors.web.urls import url_to, where_from

_MOST_FIELDS = 10_000  # a page full of ticked jobs has a thousand

Perform: TypeAlias = Callable[[Request, FormData], str]
"""Does what a form asks for, in a thread, and returns what the user is told."""


def check_allowed(request: Request, action: Action) -> None:
    """Refuse a request that may not do this.

    Raises:
        HTTPException: 403.
    """
    if not allowed_of(request).may(action):
        raise HTTPException(403, "You may look, but not do this.")


def carry_out(request: Request, action: Action, target: str, do: Callable[[], str]) -> str:
    """Do something if the request may, and write it down; returns what came of it, in a sentence.

    Args:
        action: what it is called.
        target: the queue, job or node that it is done to.
        do: does it, and says what came of it.

    Raises:
        HTTPException: 403, it may not.
        VerkError: what `do` raises.
    """
    check_allowed(request, action)
    try:
        outcome = do()
    except VerkError as error:
        audit.note(request, action, target, f"failed: {error}")
        raise
    audit.note(request, action, target, outcome)
    return outcome


def form_route(path: str, perform: Perform, *, back: str) -> Route:
    """Return the route of a form.

    Args:
        path: where it is posted to.
        perform: does what it asks for, by `carry_out`.
        back: the page to go to where the browser does not say which it was on.
    """

    async def endpoint(request: Request) -> Response:
        form = await request.form(max_files=0, max_fields=_MOST_FIELDS)
        response = RedirectResponse(where_from(request, url_to(request, back)), 303)
        try:
            leave_message(request, response, await run_in_threadpool(perform, request, form))
        except VerkError as error:
            leave_message(request, response, str(error), is_error=True)
        return response

    return Route(path, endpoint, methods=["POST"])
