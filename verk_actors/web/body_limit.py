"""Bounds what a request may send: no form and no document is read into memory without end."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 1 << 20  # some ten thousand handles


class BodyLimit:
    """Answers 413 to what is longer, whatever it says of its length, where it is read."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        size = 0

        async def receive_some() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > MOST_BYTES:
                raise HTTPException(413, f"The body is longer than {MOST_BYTES} bytes.")
            return message

        await self._app(scope, receive_some if scope["type"] == "http" else receive, send)
