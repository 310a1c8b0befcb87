"""The files that pages load: a browser keeps each for ever, as its address changes with it."""

from __future__ import annotations

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from verk_actors.web.page import STATIC


class KeptFiles(StaticFiles):
    """Static files with a header that says so."""

    def __init__(self) -> None:
        super().__init__(directory=STATIC)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file."""
        response = await super().get_response(path, scope)
        is_named_by_content = b"v=" in scope.get("query_string", b"")
        response.headers["cache-control"] = "max-age=31536000, immutable" if is_named_by_content else "no-cache"
        return response
