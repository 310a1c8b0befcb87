"""A row for the dashboard: pages of big sets, in the time that the server needs for them, without HTTP."""

from __future__ import annotations

import asyncio
import statistics
from typing import Any

from verk_actors.cli.bench import stock
from verk_actors.cli.bench.drains import Figures
from verk_actors.cli.bench.ground import Ground
from verk_actors.cli.bench.jobs import noop
from verk_actors.cli.bench.marks import monotonic
from verk_actors.cli.bench.nodes import QUEUE
from verk_actors.errors import VerkError
from verk_actors.extras import part
from verk_actors.settings.config import Config

_SETS = ("retries", "scheduled", "dead")
_PER_PAGE = 50
_REQUESTS = 10  # of each address; their median counts


def big_sets(ground: Ground, count: int) -> Figures:
    """Ask for pages of sets of so many jobs each, for what no job in them has, and for a job that is nowhere."""
    app = part("web").create_app(Config(redis_url=ground.url))
    _fill(ground, count)
    last = -(-count // _PER_PAGE)
    try:
        with asyncio.Runner() as runner:
            runner.run(_get(app, "/retries"))  # templates are read, a connection is made
            pages = {name: [f"/{name}?page={page}" for page in (1, (last + 1) // 2, last)] for name in _SETS}
            plain = [_median_ms(runner, app, page) for addresses in pages.values() for page in addresses]
            filtered = [_median_ms(runner, app, f"/{name}?text=nowhere") for name in _SETS]
            search = _median_ms(runner, app, "/jobs/nowhere")
    finally:
        app.state.site.close()
        ground.clear()
    return {"slowest page ms": max(plain), "slowest filtered part ms": max(filtered), "part of a search ms": search}


def _fill(ground: Ground, count: int) -> None:
    ground.clear()
    for key in (ground.keys.retry, ground.keys.schedule, ground.keys.dead):
        at = 4e9
        for page in stock.pages(stock.payloads(noop.job(0, stock.FILLING), QUEUE, range(count), enqueued_at=None)):
            members = [part for number, payload in enumerate(page) for part in (at + number, payload)]
            ground.pool.call("ZADD", key, *members)
            at += len(page)


def _median_ms(runner: asyncio.Runner, app: Any, address: str) -> float:
    seconds = []
    for _ in range(_REQUESTS):
        began = monotonic()
        runner.run(_get(app, address))
        seconds.append(monotonic() - began)
    return statistics.median(seconds) * 1000


async def _get(app: Any, address: str) -> None:
    """Ask an ASGI app for a page.

    Raises:
        VerkError: it answers with an error.
    """
    path, _, query = address.partition("?")
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(b"host", b"localhost")],
        "root_path": "",
        "scheme": "http",
        "server": ("localhost", 80),
        "client": ("localhost", 1),
        "http_version": "1.1",
    }
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app(scope, receive, send)
    if statuses not in ([200], [404]):
        raise VerkError(f"{address} was answered with {statuses}")
