"""A sink of metrics that sends them to a StatsD server, by UDP."""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence

from verk_actors.integrations.verk_stats import Kind

__all__ = ["StatsD"]

_LONGEST_DATAGRAM = 1432  # bytes; what passes every Ethernet in one piece, as StatsD advises
_TYPES = {"counter": "c", "timing": "ms"}
_SEPARATORS = re.compile(r"[|,#\s]")  # a class name comes from Redis, and shall not end the tag that it is in


class StatsD:
    """Sends metrics in datagrams of several lines; never waits, and never raises: what can't be sent is lost.

    Args:
        host: looked up here, once.
        port: the usual one unless given.
        prefix: put before each name, with a dot.
        dogstatsd: whether tags are sent, as DogStatsD and others read them; StatsD itself has none.

    Attributes:
        lost: datagrams that could not be sent. Those that are lost on the way are not known of.

    Raises:
        OSError: the host is unknown.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 8125, *, prefix: str = "", dogstatsd: bool = False) -> None:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        self._address = address
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._prefix = f"{prefix}." if prefix else ""
        self._dogstatsd = dogstatsd
        self._lines: list[bytes] = []
        self._length = 0
        self.lost = 0

    def collect(self, kind: Kind, key: str, value: float, tags: Sequence[str]) -> None:
        """Take a metric; it is sent with others, at the latest by `flush`."""
        line = f"{self._prefix}{key}:{value:.15g}|{_TYPES[kind]}"
        if self._dogstatsd:
            line += "|#" + ",".join(_SEPARATORS.sub("_", tag) for tag in tags)
        data = line.encode("utf-8", "replace")
        if self._length + len(data) > _LONGEST_DATAGRAM:
            self.flush()
        self._lines.append(data)
        self._length += len(data) + 1

    def flush(self) -> None:
        """Send what has not been sent yet."""
        if not self._lines:
            return
        datagram = b"\n".join(self._lines)
        self._lines, self._length = [], 0
        try:
            self._socket.sendto(datagram, self._address)
        except OSError:
            self.lost += 1

    def close(self) -> None:
        """Send what has not been sent yet, and close the socket; for when its listener has stopped."""
        self.flush()
        self._socket.close()
