"""What the requests of one dashboard share."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cached_property

import attrs
from starlette.requests import Request

from verk_actors.client import Client
from verk_actors.config import Config
from verk_actors.web.redaction import Redaction


@attrs.define(eq=False, slots=False)
class Site:
    """One dashboard.

    Attributes:
        config: where Redis is.
        redaction: what is shown of arguments.
        clock: returns unix seconds.
    """

    config: Config
    redaction: Redaction
    clock: Callable[[], float] = time.time

    @cached_property
    def client(self) -> Client:
        """The client of all requests, made by the first: a mounted app is not told when it starts."""
        return Client(self.config, clock=self.clock)

    def close(self) -> None:
        """Close the connections."""
        if "client" in self.__dict__:
            self.client.close()


def site_of(request: Request) -> Site:
    """Return the dashboard that a request came to."""
    site: Site = request.app.state.site
    return site
