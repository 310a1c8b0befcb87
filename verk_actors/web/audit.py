"""Who has done what by the dashboard: a line in the log of `verk_actors.web.audit`, and an entry of `/audit`."""

from __future__ import annotations

import logging

from starlette.requests import Request

from verk_actors.errors import StoreError, loggable
from verk_actors.store.audit_log import AuditEntry
from verk_actors.web.access import Action
from verk_actors.web.credentials import USER
from verk_actors.web.site import site_of

log = logging.getLogger(__name__)


def note(request: Request, action: Action, target: str, outcome: str) -> None:
    """Write down an action, which has been done already: where Redis is away the log alone has it.

    Args:
        action: what was done.
        target: the queue, job or node that it was done to.
        outcome: what came of it.
    """
    who, site = who_asks(request), site_of(request)
    log.info("%s: %s %s: %s", loggable(who), action, loggable(target), loggable(outcome))
    entry = AuditEntry(at=site.clock(), who=who, action=str(action), target=target, outcome=outcome)
    try:
        site.audit_log.add(entry)
    except StoreError as error:
        log.warning("the page of the audit lacks this: %s", error)


def who_asks(request: Request) -> str:
    """Return the user that asks, as far as is known, and his address."""
    scope = request.scope
    given = site_of(request).user(request)
    user = given or scope.get(USER) or getattr(scope.get("user"), "display_name", "") or "someone"
    return f"{user} at {request.client.host}" if request.client is not None else str(user)
