"""The limits: who holds them, and who waits."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from verk_actors.store.all_limits import LimitStatus
from verk_actors.web.access import Action
from verk_actors.web.api.json_form import Sized
from verk_actors.web.api.operation import Done, acts, looks
from verk_actors.web.errors import NotThere
from verk_actors.web.site import Site
from verk_actors.web.views import limit_actions
from verk_actors.web.views.limits import read_limit, read_limits

LimitId: TypeAlias = Annotated[str, Sized(1, 300)]


@looks("/limits")
def limits(site: Site) -> tuple[LimitStatus, ...]:
    """Return the limits that nodes have told of, and of those with a key each value that jobs wait for."""
    return read_limits(site.client, site.redaction)


@looks("/limits/{id}", NotThere)
def limit(site: Site, id: LimitId) -> LimitStatus:
    """Return one limit, whether or not any job has met it.

    Args:
        id: its name, or `NAME:VALUE`.
    """
    return read_limit(site.client, id, site.redaction).status


@acts("/limits/{id}/reset", Action.RESET_LIMIT)
def reset_limit(site: Site, id: LimitId) -> Done:
    """Begin a limit anew, as if no job held it and none had started. Jobs that run go on, and count no more.

    Args:
        id: its name, or `NAME:VALUE`.
    """
    return Done(message=limit_actions.reset(site.client, id))
