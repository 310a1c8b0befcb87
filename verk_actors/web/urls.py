"""Addresses within the dashboard, wherever it is mounted."""

from __future__ import annotations

from urllib.parse import quote, urlencode, urlsplit

from starlette.requests import Request


def root_of(request: Request) -> str:
    """Return where the dashboard is mounted, without a slash at the end; empty where it stands alone."""
    root: str = request.scope.get("root_path", "")
    return root.rstrip("/")


def url_to(request: Request, *parts: str, **query: object) -> str:
    """Return the address of a page.

    Args:
        request: any to the dashboard.
        parts: of the path, such as "queues" and a name, whatever characters that has.
        query: what is None or empty is left out.
    """
    path = "/".join(quote(part, safe="", errors="replace") for part in parts)
    given = {name: value for name, value in query.items() if value not in (None, "")}
    return f"{root_of(request)}/{path}" + (f"?{urlencode(given, errors='replace')}" if given else "")


def where_from(request: Request, default: str) -> str:
    """Return the page of the dashboard that a form was on, to go back to it; `default` where that is not known."""
    root = root_of(request)
    try:
        referer = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return default
    if referer.netloc != request.headers.get("host") or not referer.path.startswith(f"{root}/"):
        return default
    path = f"/{referer.path.lstrip('/')}"  # two slashes would lead to another server
    return f"{path}?{referer.query}" if referer.query else path
