"""Answers over HTTP: `/healthz`, whether the node is alive, `/readyz`, whether it is ready for jobs, and `/metrics`.

Supervised by the ActorSystem where `Config.health` is set, permanent, restarted after growing pauses: no job and no
other actor depends on it. It is stopped after the queues have drained, so a node that drains still answers. It talks
to nobody but the supervisor, whom it asks for next to nothing, and that only when it is asked itself.

No counterpart in Verk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

import attrs

from verk_actors.errors import loggable
from verk_actors.extras import ExtraMissing, part
from verk_actors.otp import LoopServer, Pulse, snapshot
from verk_actors.otp.event_loop import StreamReader, StreamWriter, serve_connections, time_limit
from verk_actors.settings.address import Address, listen
from verk_actors.tree import names
from verk_actors.tree.health import why_not_alive, why_not_ready
from verk_actors.tree.node_log import NodeLog
from verk_actors.tree.node_state import NodeState
from verk_actors.tree.node_status import status_of

log = NodeLog(__name__)

_REQUEST_SECONDS = 5.0
_MOST_CONNECTIONS = 50
_MOST_HEADERS = 100
_TEXT = "text/plain; charset=utf-8"
_REASONS = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    501: "Not Implemented",
    503: "Service Unavailable",
}


@attrs.frozen
class Page:
    """What a path is answered with."""

    status: int
    body: bytes
    content_type: str = _TEXT


class HealthPort(LoopServer):
    """The door for probes."""

    def __init__(self, node: NodeState, address: Address) -> None:
        super().__init__()
        self._node = node
        self._address = address
        self._connections = 0
        self._pages: Mapping[str, Callable[[], Page]] = {
            "/healthz": self._healthz,
            "/readyz": self._readyz,
            "/metrics": self._metrics,
        }

    def init(self) -> None:
        """Listen. Raises `CannotListen` where the port is taken."""
        system = self.whereis(names.ACTOR_SYSTEM)
        self._pulse = Pulse(system) if system is not None else None
        listening = self.own(listen(self._address))
        self._node.health_address = Address(*listening.getsockname()[:2])
        log.info("health: http://%s/healthz", self._node.health_address)
        self.spawn(serve_connections(listening, self._serve), bool)

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Answer one request, and close the connection."""
        self._connections += 1
        try:
            with suppress(OSError, EOFError, TimeoutError):  # who asks has gone, or asks for too long
                if self._connections <= _MOST_CONNECTIONS:
                    async with time_limit(_REQUEST_SECONDS):
                        writer.write(_answer(await _first_line(reader), self._page))
                        await writer.drain()
        finally:
            self._connections -= 1
            writer.close()

    def _page(self, path: str) -> Page:
        page = self._pages.get(path)
        return page() if page is not None else Page(404, "\n".join((*self._pages, "")).encode())

    def _healthz(self) -> Page:
        return _judged(self._why_not_alive())

    def _readyz(self) -> Page:
        now = self.clock.monotonic()
        return _judged(why_not_ready(self._node, self.whereis(names.MANAGER_SUPERVISOR), now))

    def _metrics(self) -> Page:
        """Return what Prometheus scrapes: read off the node's tables, and its tree's."""
        try:
            prometheus = part("integrations.prometheus")
        except ExtraMissing as error:
            return Page(501, f"{error}\n".encode())
        system = self.whereis(names.ACTOR_SYSTEM)
        tree = None if system is None else lambda: snapshot(system)
        collector = prometheus.NodeCollector(lambda: status_of(self._node, self.actor_ref), tree)
        return Page(200, *prometheus.exposition("", collector))

    def _why_not_alive(self) -> Iterator[str]:
        now = self.clock.monotonic()
        silent_seconds = self._pulse.silent_seconds(now) if self._pulse is not None else 0.0
        return why_not_alive(self._node, silent_seconds, now)


async def _first_line(reader: StreamReader) -> bytes:
    """Read a request up to the end of its headers, and return its first line; nothing where it is too long."""
    with suppress(ValueError):  # a line does not end within the reader's 64 KiB
        line = await reader.readline()
        for _ in range(_MOST_HEADERS):
            if not (await reader.readline()).strip():
                return line
    return b""


def _judged(troubles: Iterator[str]) -> Page:
    found = [loggable(trouble) for trouble in troubles]
    return Page(503 if found else 200, "".join(f"{line}\n" for line in found or ["ok"]).encode())


def _answer(first_line: bytes, page_of: Callable[[str], Page]) -> bytes:
    """Return the answer to a request, head and body."""
    method, _, rest = first_line.decode("latin-1").partition(" ")
    path, _, version = rest.partition(" ")
    if not version.startswith("HTTP/1."):
        page = Page(400, b"this speaks HTTP/1.1\n")
    elif method not in ("GET", "HEAD"):
        page = Page(405, b"GET or HEAD\n")
    else:
        page = page_of(path.partition("?")[0])
    head_lines = (
        f"HTTP/1.1 {page.status} {_REASONS[page.status]}",
        f"Content-Type: {page.content_type}",
        f"Content-Length: {len(page.body)}",
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
        "Connection: close",
    )
    return "\r\n".join((*head_lines, "", "")).encode("latin-1") + (b"" if method == "HEAD" else page.body)
