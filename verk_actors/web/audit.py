"""Who has done what by the dashboard: one line each in the log of `verk_actors.web.audit`."""

from __future__ import annotations

import logging

from starlette.requests import Request

from verk_actors.errors import loggable
from verk_actors.web.access import Action
from verk_actors.web.credentials import USER

log = logging.getLogger(__name__)


def note(request: Request, action: Action, target: str, outcome: str) -> None:
    """Write down an action.

    Args:
        action: what was done.
        target: the queue, job or node that it was done to.
        outcome: what came of it.
    """
    log.info("%s: %s %s: %s", loggable(who_asks(request)), action, loggable(target), loggable(outcome))


def who_asks(request: Request) -> str:
    """Return the user that asks, as the program around knows him, and the address."""
    scope = request.scope
    user = scope.get(USER) or getattr(scope.get("user"), "display_name", "") or "someone"
    return f"{user} at {request.client.host}" if request.client is not None else str(user)
