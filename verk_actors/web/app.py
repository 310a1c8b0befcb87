"""Puts the dashboard together: who may come in, in which order that is checked, and where each path leads."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import Mount, Route

from verk_actors.errors import VerkError
from verk_actors.settings.config import Config
from verk_actors.settings.references import resolved
from verk_actors.web import api, pages
from verk_actors.web.access import AccessControl, AccessRule, everything
from verk_actors.web.body_limit import BodyLimit
from verk_actors.web.credentials import BasicCredentials
from verk_actors.web.failures import answer_error, answer_http, answer_unexpected
from verk_actors.web.headers import SecurityHeaders
from verk_actors.web.origin import OriginCheck
from verk_actors.web.redaction import Redact, Redaction
from verk_actors.web.site import Site
from verk_actors.web.static_files import KeptFiles


def create_app(
    config: Config | None = None,
    *,
    access: AccessRule = everything,
    read_only: bool = False,
    redact: Redact | None = None,
    user: Callable[[Request], str] = lambda _: "",
    credentials: str | None = None,
    hosts: Collection[str] | None = None,
) -> Starlette:
    """Return the dashboard, to be served or mounted.

    Nobody is asked who he is unless by `access` or `credentials`: where it is mounted, whatever protects the program
    around protects it too.

    Args:
        config: where Redis is; as `Config.load` finds it unless given.
        access: returns what a request may do: "all", "read_only", some of `Action`, or None for nothing at all.
        read_only: whether nobody may do anything but look.
        redact: returns the arguments to show, of the name of a job class and its arguments; as the config says
            unless given.
        user: returns who asks, for the audit; who gives `credentials`, or Starlette's `request.user`, unless given.
        credentials: `user:password`, which a browser asks for.
        hosts: the names by which it may be asked, without ports; any unless given.
    """
    config = Config.load() if config is None else config
    site = Site(config, Redaction(redact or resolved("redact", config.redact)), user)
    middleware = [
        Middleware(SecurityHeaders),
        Middleware(BodyLimit),
        Middleware(OriginCheck, hosts=hosts),
        *([Middleware(BasicCredentials, credentials=credentials)] if credentials else []),
        Middleware(AccessControl, rule=access, read_only=read_only),
    ]

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        site.close()

    app = Starlette(
        routes=[*_routes(), Mount("/static", KeptFiles())],
        middleware=middleware,
        exception_handlers={HTTPException: answer_http, VerkError: answer_error, Exception: answer_unexpected},
        lifespan=lifespan,
    )
    app.state.site = site
    return app


def _routes() -> list[Route]:
    return [*api.routes, *(route for module in pages.MODULES for route in module.routes)]
