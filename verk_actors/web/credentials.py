"""A user and a password for all: HTTP's basic authentication, for a dashboard that no other program protects."""

from __future__ import annotations

import base64
import hmac

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from verk_actors.web.refusing import refuse

USER = "verk_actors.user"
"""Where the name of who asks is in the scope, for the audit."""


class BasicCredentials:
    """Answers 401 to who does not give them.

    Args:
        app: what is protected.
        credentials: `user:password`.
    """

    def __init__(self, app: ASGIApp, credentials: str) -> None:
        self._app = app
        self._credentials = credentials.encode()
        self._user = credentials.partition(":")[0]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] == "http":
            given = _given(Headers(scope=scope).get("authorization", ""))
            if not hmac.compare_digest(given, self._credentials):
                challenge = 'Basic realm="verk_actors", charset="UTF-8"'
                why = "A user and a password are needed."
                await refuse(scope, receive, send, status=401, why=why, www_authenticate=challenge)
                return
            scope[USER] = self._user
        await self._app(scope, receive, send)


def _given(header: str) -> bytes:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(encoded.strip(), validate=True)
    except ValueError:
        return b""
