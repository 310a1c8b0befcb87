"""Hears what a node says of itself, as systemd does: the other end of its ServiceManager. For Linux alone."""

from __future__ import annotations

import socket
from collections.abc import Mapping

_LONGEST = 4096  # bytes; a node says less


class Notices:
    """A socket that a node finds in its environment, under a name that the kernel chooses and no file is left of."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("")
        self._socket.setblocking(False)

    @property
    def variables(self) -> Mapping[str, str]:
        """What the node is to find in its environment."""
        return {"NOTIFY_SOCKET": f"@{self._socket.getsockname()[1:].decode()}"}

    def have(self, assignment: bytes) -> bool:
        """Read what has come, and tell whether that was among it."""
        found = False
        while True:
            try:
                found |= assignment in self._socket.recv(_LONGEST).split(b"\n")
            except BlockingIOError:
                return found

    def close(self) -> None:
        """Hear no more."""
        self._socket.close()
