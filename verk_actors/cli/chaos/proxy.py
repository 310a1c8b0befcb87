"""A TCP proxy that cuts: it stands between clients and a Redis server, and does to them what a network may do.

One loop without threads, told what to do by lines on a file descriptor (`proxy_control.py` writes them), and ended
by its end. `verk chaos` runs it as a process of its own, the tests on a thread.

A request is what one read brings. That holds for whoever sends one command and waits for its reply, as our nodes
and clients do; a pipeline counts as one.
"""

from __future__ import annotations

import json
import os
import random
import selectors
import socket
import struct
import sys
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import attrs

from verk_actors.cli.chaos.proxy_control import Act, Rule, rule_of
from verk_actors.otp.clock import SystemClock

_READ_BYTES = 1 << 16
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: on, for 0 seconds; closing then sends a reset


@attrs.define(eq=False)
class _End:
    """One socket of a link, with what it could not yet be given."""

    socket: socket.socket
    unsent: bytearray = attrs.Factory(bytearray)


@attrs.define(eq=False)
class _Link:
    """A client's connection, and the one to the server that was opened for it.

    Attributes:
        due: what happens to the next reply.
        hung: nobody hears anything any more.
    """

    client: _End
    server: _End
    due: Act | None = None
    hung: bool = False


class Proxy:
    """Forwards until its control ends.

    Args:
        upstream: the server: the path of a socket, or `HOST:PORT`.
        control: where the orders come from; a file descriptor to read.
        seed: of the chances that rules take.

    Attributes:
        port: where it listens, on 127.0.0.1.
        acted: how often each act was done.
    """

    def __init__(self, upstream: str, control: int, seed: int | None = None) -> None:
        self._upstream = upstream
        self._random = random.Random(seed)
        self._now = SystemClock().monotonic
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.acted: Counter[Act] = Counter()
        self._rules: list[Rule] = []
        self._links: set[_Link] = set()
        self._hole_until = 0.0
        self._delay_seconds = 0.0
        self._delayed: deque[tuple[float, _Link, bytes]] = deque()
        self._control = control
        self._orders = b""
        self._selector = selectors.DefaultSelector()
        self._open = True

    def run(self) -> None:
        """Forward until the control's other end is closed; then close all connections."""
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._selector.register(self._control, selectors.EVENT_READ, self._obey)
        while self._open:
            in_hole = self._hole_until - self._now()
            if in_hole > 0:
                self._only_obey(in_hole)
                continue
            ready = self._selector.select(self._patience())
            # Orders first: they hold for all that is sent after them.
            for key, mask in sorted(ready, key=lambda event: event[0].fd != self._control):
                if self._now() < self._hole_until:
                    break  # one of them has begun it
                key.data(mask)
            self._deliver_delayed()
        for link in list(self._links):
            self._close(link)
        self._listener.close()
        os.close(self._control)
        self._selector.close()

    # -- orders

    def _only_obey(self, seconds: float) -> None:
        """Leave all traffic where it is, in the kernel's buffers."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._control, selectors.EVENT_READ)
            if selector.select(seconds):
                self._obey()

    def _obey(self, _: int = 0) -> None:
        read = os.read(self._control, _READ_BYTES)
        if not read:
            self._open = False
            return
        *lines, self._orders = (self._orders + read).split(b"\n")
        orders: dict[str, Callable[..., None]] = {
            "rule": self._add_rule,
            "forget": self._rules.clear,
            "cut": self._cut,
            "hang": self._hang,
            "hole": self._begin_hole,
            "delay": self._set_delay,
        }
        for line in lines:
            name, arguments = json.loads(line)
            orders[name](*arguments)

    def _add_rule(self, fields: dict[str, str]) -> None:
        self._rules.append(rule_of(fields))

    def _cut(self) -> None:
        for link in list(self._links):
            self._reset(link)

    def _hang(self) -> None:
        for link in self._links:
            link.hung = True

    def _begin_hole(self, seconds: float) -> None:
        self._hole_until = self._now() + seconds

    def _set_delay(self, seconds: float) -> None:
        self._delay_seconds = seconds

    # -- traffic

    def _accept(self, _: int) -> None:
        try:
            client, _address = self._listener.accept()
        except OSError:  # gone already
            return
        try:
            server = self._connect()
        except OSError:  # no server: what the client would have met without us
            _close_with_reset(client)
            return
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link = _Link(_End(client), _End(server))
        self._links.add(link)
        for end, read in ((link.client, self._from_client), (link.server, self._from_server)):
            end.socket.setblocking(False)
            self._selector.register(end.socket, selectors.EVENT_READ, partial(self._move, link, end, read))

    def _connect(self) -> socket.socket:
        if self._upstream.startswith("/"):
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(self._upstream)
            except OSError:
                server.close()
                raise
            return server
        host, _, port = self._upstream.rpartition(":")
        return socket.create_connection((host, int(port)))

    def _move(self, link: _Link, end: _End, read: Callable[[_Link, bytes], None], mask: int) -> None:
        """Move what waits at one end, in or out; a link that breaks at one end ends at the other."""
        if link not in self._links:  # closed by an event of the same moment
            return
        try:
            if mask & selectors.EVENT_WRITE:
                self._flush(end)
            if mask & selectors.EVENT_READ:
                data = end.socket.recv(_READ_BYTES)
                if not data:
                    self._close(link)
                elif not link.hung:
                    read(link, data)
        except OSError:
            self._reset(link)

    def _from_client(self, link: _Link, data: bytes) -> None:
        rule = self._matching(data)
        if rule is None:
            self._send(link.server, data)
        elif rule.act == "lose_request":
            self._reset(link)
        elif rule.act == "answer":
            self._send(link.client, f"{rule.reply}\r\n".encode())
        else:
            link.due = rule.act
            self._send(link.server, data)

    def _from_server(self, link: _Link, data: bytes) -> None:
        act, link.due = link.due, None
        if act == "lose_reply":
            self._reset(link)
        elif act == "half_reply":
            self._send(link.client, data[: len(data) // 2])
            self._reset(link)
        elif act == "hang":
            link.hung = True
        elif self._delay_seconds or self._delayed:
            self._delayed.append((self._now() + self._delay_seconds, link, data))
        else:
            self._send(link.client, data)

    def _matching(self, request: bytes) -> Rule | None:
        for rule in self._rules:
            if rule.needle.encode() in request and self._random.random() < rule.chance:
                rule.times -= 1
                if not rule.times:
                    self._rules.remove(rule)
                self.acted[rule.act] += 1
                return rule
        return None

    # -- sending, late or not at once

    def _patience(self) -> float | None:
        return max(0.0, self._delayed[0][0] - self._now()) if self._delayed else None

    def _deliver_delayed(self) -> None:
        while self._delayed and self._delayed[0][0] <= self._now():
            _, link, data = self._delayed.popleft()
            if link in self._links:
                try:
                    self._send(link.client, data)
                except OSError:
                    self._reset(link)

    def _send(self, end: _End, data: bytes) -> None:
        end.unsent += data
        self._flush(end)

    def _flush(self, end: _End) -> None:
        """Send what the end takes now, and wait until it takes more while there is more."""
        with suppress(BlockingIOError):
            while end.unsent:
                del end.unsent[: end.socket.send(end.unsent)]
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if end.unsent else 0)
        key = self._selector.get_key(end.socket)
        if key.events != wanted:
            self._selector.modify(end.socket, wanted, key.data)

    # -- ends

    def _reset(self, link: _Link) -> None:
        """Break the client's connection off, as a firewall or a crash does."""
        link.client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._close(link)

    def _close(self, link: _Link) -> None:
        self._links.discard(link)
        for end in (link.client, link.server):
            self._selector.unregister(end.socket)
            end.socket.close()


def _close_with_reset(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    client.close()


def main() -> None:
    """Run a proxy to the server that the first argument names; say the port; obey standard input."""
    proxy = Proxy(sys.argv[1], sys.stdin.fileno())
    print(proxy.port, flush=True)  # noqa: T201 - the parent waits for it
    proxy.run()
