"""Who may look, and who may do what: decided for each request, by whoever mounts the dashboard.

A rule is a function of the request. It returns what is allowed: "all", "read_only", some actions, or None for nothing
at all. It runs before routing, on the event loop, so it must not block.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from enum import StrEnum
from typing import Literal, TypeAlias

import attrs
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from verk_actors.web.refusing import refuse


class Action(StrEnum):
    """What can be done by the dashboard and its API; the names are those that the audit has."""

    ENQUEUE_JOB = "enqueue_job"
    PAUSE_QUEUE = "pause_queue"
    RESUME_QUEUE = "resume_queue"
    CLEAR_QUEUE = "clear_queue"
    RETRY_JOB = "retry_job"
    DELETE_JOB = "delete_job"
    KILL_JOB = "kill_job"
    CANCEL_JOB = "cancel_job"
    QUIET_NODE = "quiet_node"
    STOP_NODE = "stop_node"
    RESCUE_NODE = "rescue_node"
    ADD_CRON = "add_cron"
    PAUSE_CRON = "pause_cron"
    RESUME_CRON = "resume_cron"
    RUN_CRON = "run_cron"
    REMOVE_CRON = "remove_cron"
    DELETE_BATCH = "delete_batch"
    RESET_LIMIT = "reset_limit"


Access: TypeAlias = Literal["all", "read_only"] | Collection[Action | str] | None
"""What a request may do: everything, look, look and do some actions, or nothing."""

AccessRule: TypeAlias = Callable[[Request], Access]


@attrs.frozen
class Allowed:
    """What one request may do, besides looking."""

    actions: frozenset[str]

    def may(self, action: Action | str) -> bool:
        """Tell whether it may do this."""
        return str(action) in self.actions


_ALL = Allowed(frozenset(map(str, Action)))
_NOTHING = Allowed(frozenset())
_STATE = "verk_actors.allowed"


def everything(_: Request) -> Access:
    """Allow all to all: the rule unless another is given."""
    return "all"


def allowed_of(request: Request) -> Allowed:
    """Return what a request may do."""
    allowed: Allowed = request.scope[_STATE]
    return allowed


class AccessControl:
    """Asks the rule, and answers 403 where nothing is allowed.

    Args:
        app: what is protected.
        rule: who may do what.
        read_only: whether nobody may do anything but look, whatever the rule says.
    """

    def __init__(self, app: ASGIApp, rule: AccessRule, *, read_only: bool) -> None:
        self._app = app
        self._rule = rule
        self._read_only = read_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] == "http":
            access = self._rule(Request(scope))
            if access is None:
                await refuse(scope, receive, send, status=403, why="You may not see this dashboard.")
                return
            scope[_STATE] = _NOTHING if self._read_only else _allowed(access)
        await self._app(scope, receive, send)


def _allowed(access: Literal["all", "read_only"] | Collection[Action | str]) -> Allowed:
    if isinstance(access, str):
        if access not in ("all", "read_only"):
            raise ValueError(f"an access rule returned {access!r}: it is all, read_only, a list of actions or None")
        return _ALL if access == "all" else _NOTHING
    actions = frozenset(map(str, access))
    if unknown := sorted(actions - _ALL.actions):
        raise ValueError(f"an access rule returned actions that there are not: {', '.join(unknown)}")
    return Allowed(actions)
