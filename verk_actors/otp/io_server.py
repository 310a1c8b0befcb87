"""A server that can wait for a socket and its inbox at once (Erlang's active socket, the other way round)."""

from __future__ import annotations

import os
import queue
import select
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from verk_actors.otp.server import Server

_T = TypeVar("_T")


class WakeInbox(queue.SimpleQueue[Any]):
    """An inbox that can also wake a `poll`: one write to a pipe, and only while somebody polls."""

    def __init__(self) -> None:
        self._pipe: tuple[int, int] | None = None  # read end, write end; made by the first wait
        self._armed = False
        self._lock = threading.Lock()  # guards _armed and the write end against close

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Add an item, and wake the poll if there is one."""
        super().put(item, block, timeout)
        if self._armed:
            with self._lock:
                # Handled by now, it would wake a wait that has begun since, which would take its time for over.
                if self._armed and not self.empty():
                    self._armed = False
                    os.write(self._ends()[1], b"!")

    def fileno(self) -> int:
        """Return what is readable once an item has come, between `arm` and `disarm`."""
        return self._ends()[0]

    def arm(self) -> None:
        """Let items that come from now on make `fileno` readable. One put before did not: look once more."""
        self._ends()
        self._armed = True

    def disarm(self) -> None:
        """Let items come unnoticed again. Every writer has written by then, under the lock."""
        with self._lock:
            was_woken, self._armed = not self._armed, False
        if was_woken and self._pipe is not None:
            os.read(self._pipe[0], 1)  # left behind, it would end the next wait at once

    def wait(self, fd: int | None, timeout: float) -> bool:
        """Wait for an item or for data on `fd`, if given; True when there is data."""
        poll = select.poll()
        if fd is not None:
            poll.register(fd, select.POLLIN)
        poll.register(self.fileno(), select.POLLIN)
        self.arm()
        try:
            return fd in dict(poll.poll(timeout * 1000 if self.empty() else 0))
        finally:
            self.disarm()

    def close(self) -> None:
        """Close the pipe; the owner's last act."""
        with self._lock:
            self._armed = False
        for end in self._pipe or ():
            os.close(end)
        self._pipe = None

    def _ends(self) -> tuple[int, int]:
        if self._pipe is None:
            self._pipe = os.pipe()
            for end in self._pipe:
                os.set_blocking(end, False)
        return self._pipe


class IoServer(Server):
    """A server with `wait_readable`, for use in `handle_idle`."""

    actor_inbox: WakeInbox

    @staticmethod
    def _create_actor_inbox() -> Any:
        return WakeInbox()

    def wait_readable(self, fd: int, timeout: float) -> bool:
        """Wait until `fd` is readable, a message comes, or `timeout` real seconds pass; True if readable."""
        return self._otp_idle_while(self.actor_inbox.wait, fd, timeout)

    def wait_message(self, timeout: float) -> bool:
        """Wait until a message comes, or `timeout` real seconds pass; True if one has come."""
        self._otp_idle_while(self.actor_inbox.wait, None, timeout)
        return self.has_messages()

    def _otp_idle_while(self, waiting: Callable[..., _T], *args: Any) -> _T:
        """Let other processes see this one as idle meanwhile."""
        trace = self.actor_ref.runtime.trace
        if trace is not None:
            trace.handled(self.actor_ref)
        try:
            return waiting(*args)
        finally:
            if trace is not None:
                trace.busy(self.actor_ref)

    def has_messages(self) -> bool:
        """Whether the inbox holds something to handle."""
        return not self.actor_inbox.empty()

    def _otp_release(self) -> None:
        super()._otp_release()
        self.actor_inbox.close()
