"""Makes an answer of a template: with the navigation, what the request may do, and the message for it."""

from __future__ import annotations

import hashlib
from functools import cache, partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from verk_actors.web import formats
from verk_actors.web.access import Action, allowed_of
from verk_actors.web.messages import forget_message, message_for
from verk_actors.web.navigation import LINKS
from verk_actors.web.site import site_of
from verk_actors.web.urls import root_of, url_to

_HERE = Path(__file__).parent
STATIC = _HERE / "static"
"""Where the files are that a page loads."""


def page(request: Request, template: str, status: int = 200, **context: object) -> HTMLResponse:
    """Return a page.

    Args:
        request: what it answers.
        template: its name.
        status: of the answer.
        context: what the template shows, besides what all of them know: `url(*parts, **query)`, `static(name)`,
            `may(action)`, `Action`, `now` and the filters of `formats`.
    """
    is_refresh = "hx-request" in request.headers  # of a part of the page that is seen; the message is not for it
    message = None if is_refresh else message_for(request)
    text = _environment().get_template(template).render(
        url=partial(url_to, request),
        static=partial(_static, request),
        may=allowed_of(request).may,
        Action=Action,
        now=site_of(request).clock(),
        root=root_of(request),
        links=LINKS,
        here=request.scope["path"].removeprefix(root_of(request)),
        message=message,
        **context,
    )  # fmt: skip
    # Half of a pair of surrogates, which JSON can hold, is no character that could be sent
    response = HTMLResponse(text.encode("utf-8", "backslashreplace"), status)
    if message is not None:
        forget_message(request, response)
    return response


def coming(path: str, title: str) -> Route:
    """Return the route of a page that is still to be made."""

    def endpoint(request: Request) -> HTMLResponse:
        return page(request, "coming.html", title=title)

    return Route(path, endpoint)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    for one in (formats.number, formats.duration, formats.ago, formats.instant, formats.size, formats.as_json):
        environment.filters[one.__name__] = one
    return environment


def _static(request: Request, name: str) -> str:
    return url_to(request, "static", *name.split("/"), v=_version(name))


@cache
def _version(name: str) -> str:
    """Return what changes with the file, so that a browser may keep it for ever."""
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
