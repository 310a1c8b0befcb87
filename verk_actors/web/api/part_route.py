"""A route whose parts may hold any character: a slash, too, where the address has it as `%2F`."""

from __future__ import annotations

from urllib.parse import unquote

from starlette.routing import Match, Route
from starlette.types import Scope


class PartRoute(Route):
    """Tells parts of a path apart before they are decoded; where the server doesn't give the path as it came, after."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return whether a request is for this route, and the parts of its path."""
        raw = scope.get("raw_path")
        path = raw.decode("latin-1") if raw else ""
        if scope["type"] != "http" or unquote(path) != scope["path"]:
            return super().matches(scope)
        match, found = super().matches({**scope, "path": path})
        parts = {name: unquote(text) for name, text in found.get("path_params", {}).items()}
        return match, {**found, "path_params": parts} if found else found
