"""Tells systemd how this process does: that it is ready, that it is alive, that it stops. Silent where nobody listens.

Source: sd_notify(3), sd_watchdog_enabled(3).
"""

from __future__ import annotations

import os
import socket
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Self

import attrs


@attrs.frozen
class ServiceManager:
    """Where to send word, if anybody wants it.

    Attributes:
        path: of the socket; empty for none.
        watchdog_seconds: a sign of life is wanted as often as that; 0 for never.
    """

    path: str = ""
    watchdog_seconds: float = 0.0

    @classmethod
    def of_environment(cls, environ: MutableMapping[str, str] = os.environ) -> Self:
        """Return the one that has started this process; its variables are taken out, for they are no child's."""
        path = environ.pop("NOTIFY_SOCKET", "")
        micros, pid = environ.pop("WATCHDOG_USEC", ""), environ.pop("WATCHDOG_PID", "")
        is_ours = micros.isdecimal() and pid in ("", str(os.getpid()))
        return cls(path if path.startswith(("/", "@")) else "", int(micros) / 1_000_000 if is_ours else 0.0)

    def ready(self, status: str) -> None:
        """Say that the start has ended."""
        self._send(f"READY=1\nSTATUS={status}")

    def status(self, status: str) -> None:
        """Say what the process does now, in a line for people."""
        self._send(f"STATUS={status}")

    def stopping(self, status: str) -> None:
        """Say that the process has begun to stop."""
        self._send(f"STOPPING=1\nSTATUS={status}")

    def is_alive(self) -> None:
        """Give the sign of life."""
        self._send("WATCHDOG=1")

    def _send(self, text: str) -> None:
        if not self.path:
            return
        address = f"\0{self.path[1:]}" if self.path.startswith("@") else self.path
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:  # it may be gone, or full
            end.setblocking(False)
            end.sendto(text.encode(), address)
