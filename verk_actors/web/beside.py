"""Puts the dashboard beside an ASGI program that has no way to mount another, such as Django."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send


def beside(program: ASGIApp, path: str, dashboard: ASGIApp) -> ASGIApp:
    """Return an app that answers below a path as the dashboard does, and elsewhere as a program.

    Args:
        program: gets all else, websockets and its lifespan too.
        path: such as "/jobs".
        dashboard: what `create_app` returned.
    """
    path = path.rstrip("/")

    async def both(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            root = scope.get("root_path", "") + path
            if scope["path"] == root or scope["path"].startswith(f"{root}/"):
                await dashboard({**scope, "root_path": root}, receive, send)
                return
        await program(scope, receive, send)

    return both
