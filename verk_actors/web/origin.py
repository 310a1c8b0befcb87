"""Lets only pages of the dashboard itself act: the check against requests that another site makes a browser send.

Before routing. A request that changes nothing passes. Any other has to come from the same origin, as the browser says
by `Sec-Fetch-Site`, or, where it says nothing, by `Origin`. A program that is no browser sends `X-Requested-With`, with
any value: no other site can have a browser add it. Where the names of this server are known, those that go by another
one are refused too, as a name that an attacker makes lead here (DNS rebinding).

Source: Sidekiq 8.1 lib/sidekiq/web/csrf_protection; Differs: Sidekiq has no way for programs.
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from verk_actors.web.refusing import refuse

_CHANGES_NOTHING = frozenset({"GET", "HEAD", "OPTIONS"})


class OriginCheck:
    """Answers 403 to what comes from elsewhere.

    Args:
        app: what is protected.
        hosts: the names and addresses by which it may be asked, without ports; None for any.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str] | None = None) -> None:
        self._app = app
        self._hosts = None if hosts is None else frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            if self._hosts is not None and _host_of(headers) not in self._hosts:
                await refuse(scope, receive, send, status=403, why="This server does not go by that name.")
                return
            if scope["method"] not in _CHANGES_NOTHING and not is_same_origin(headers):
                why = "This request comes from another site, or does not say."
                await refuse(scope, receive, send, status=403, why=why)
                return
        await self._app(scope, receive, send)


def is_same_origin(headers: Headers) -> bool:
    """Tell whether a request comes from a page of this server, or from a program."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = headers.get("origin")
    if origin is not None:
        return origin != "null" and _place_of(origin) == headers.get("host", "").lower()
    return "x-requested-with" in headers


def _place_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None


def _host_of(headers: Headers) -> str | None:
    try:
        return urlsplit(f"//{headers.get('host', '')}").hostname
    except ValueError:
        return None
