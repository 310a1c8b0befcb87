"""A cutting proxy in front of a server, on a thread of the test."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from support.eventually import eventually
from verk_actors.cli.chaos.proxy import Proxy
from verk_actors.cli.chaos.proxy_control import Act, ProxyControl, Rule


class CuttingProxy(ProxyControl):
    """The proxy of `verk chaos`, to be told what to cut.

    Attributes:
        url: of the server behind it.
    """

    def __init__(self, proxy: Proxy, control: int) -> None:
        super().__init__(control)
        self._proxy = proxy
        self.url = f"redis://127.0.0.1:{proxy.port}/0"

    def acted(self, act: Act) -> int:
        """Return how often it has done so, by rules."""
        return self._proxy.acted[act]

    def wait_acted(self, act: Act, count: int = 1) -> None:
        """Wait until it has done so that many times."""
        eventually(lambda: self.acted(act) >= count, f"{count} {act} by the proxy")

    def lose_replies(self, needle: str, times: int = 1) -> None:
        """Lose the replies to requests with this in them, and reset."""
        self.rule(Rule(act="lose_reply", needle=needle, times=times))


@contextmanager
def cutting_proxy(upstream: str, seed: int = 1) -> Iterator[CuttingProxy]:
    """Run a proxy in front of `HOST:PORT` or of the socket at a path."""
    read_end, write_end = os.pipe()
    proxy = Proxy(upstream, read_end, seed)
    thread = threading.Thread(target=proxy.run, name="cutting proxy")
    thread.start()
    try:
        yield CuttingProxy(proxy, write_end)
    finally:
        os.close(write_end)
        thread.join()
