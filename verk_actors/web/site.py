"""What the requests of one dashboard share."""

from __future__ import annotations

import time
from collections.abc import Callable

import attrs
from starlette.requests import Request

from verk_actors.client import Client
from verk_actors.settings.config import Config
from verk_actors.store.audit_log import AuditLog
from verk_actors.store.lifeline import Lifeline
from verk_actors.store.pool import Pool
from verk_actors.web.redaction import Redaction
from verk_actors.wire.keys import Keys


@attrs.define(eq=False)
class Site:
    """One dashboard. It connects at the first request: a mounted app is not told when it starts.

    Attributes:
        config: where Redis is.
        redaction: what is shown of arguments.
        user: returns who asks, as the program around knows him; empty for nobody that it knows.
        clock: returns unix seconds.
        client: of all requests.
        audit_log: what has been done, over connections of its own.
    """

    config: Config
    redaction: Redaction
    user: Callable[[Request], str] = lambda _: ""
    clock: Callable[[], float] = time.time

    client: Client = attrs.field(init=False)
    audit_log: AuditLog = attrs.field(init=False)
    _lifeline: Lifeline = attrs.field(init=False, factory=Lifeline)
    _pool: Pool = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.client = Client(self.config, clock=self.clock, lifeline=self._lifeline)
        self._pool = Pool(self.config.redis_url, name="verk:audit", size=2, lifeline=self._lifeline)
        self.audit_log = AuditLog(self._pool, Keys(self.config.namespace))

    def close(self) -> None:
        """Close the connections that no request uses; later requests open new ones."""
        self.client.close()
        self._pool.close()

    def cut(self) -> None:
        """Have the requests that wait for Redis fail, and all to come."""
        self._lifeline.cut()


def site_of(request: Request) -> Site:
    """Return the dashboard that a request came to."""
    site: Site = request.app.state.site
    return site
