"""What the requests of one dashboard share."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cached_property

import attrs
from starlette.requests import Request

from verk_actors.client import Client
from verk_actors.config import Config
from verk_actors.store.audit_log import AuditLog
from verk_actors.store.pool import Pool
from verk_actors.web.redaction import Redaction
from verk_actors.wire.keys import Keys


@attrs.define(eq=False, slots=False)
class Site:
    """One dashboard.

    Attributes:
        config: where Redis is.
        redaction: what is shown of arguments.
        user: returns who asks, as the program around knows him; empty for nobody that it knows.
        clock: returns unix seconds.
    """

    config: Config
    redaction: Redaction
    user: Callable[[Request], str] = lambda _: ""
    clock: Callable[[], float] = time.time

    @cached_property
    def client(self) -> Client:
        """The client of all requests, made by the first: a mounted app is not told when it starts."""
        return Client(self.config, clock=self.clock)

    @cached_property
    def audit_log(self) -> AuditLog:
        """What has been done, over a connection of its own."""
        return AuditLog(self._pool, Keys(self.config.namespace))

    @cached_property
    def _pool(self) -> Pool:
        return Pool(self.config.redis_url, name="verk:audit", size=2)

    def close(self) -> None:
        """Close the connections."""
        if "client" in self.__dict__:
            self.client.close()
        if "_pool" in self.__dict__:
            self._pool.close()


def site_of(request: Request) -> Site:
    """Return the dashboard that a request came to."""
    site: Site = request.app.state.site
    return site
