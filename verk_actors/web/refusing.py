"""A refusal before routing: plain, since nothing is known yet of who asks, or for what."""

from __future__ import annotations

from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send


async def refuse(scope: Scope, receive: Receive, send: Send, *, status: int, why: str, **headers: str) -> None:
    """Answer a request with a refusal, and why."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    await PlainTextResponse(f"{why}\n", status, named)(scope, receive, send)
