"""A server that can wait for a socket and its inbox at once (Erlang's active socket, the other way round)."""

from __future__ import annotations

import os
import queue
import select
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar, TypeVarTuple

from verk_actors.otp.server import Server

_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")


class WakeInbox(queue.SimpleQueue[Any]):
    """An inbox that can also wake a `poll`: one write to a pipe, and only while somebody polls."""

    def __init__(self) -> None:
        self._pipe: tuple[int, int] | None = None  # read end, write end; made by the first wait
        self._poll = select.poll()  # for the read end
        self._armed = False
        self._lock = threading.Lock()  # guards _armed and the write end against close

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Add an item, and wake the poll if there is one."""
        super().put(item, block, timeout)
        if self._armed:
            with self._lock:
                if self._armed:
                    self._armed = False
                    os.write(self._ends()[1], b"!")

    def fileno(self) -> int:
        """Return what is readable once an item has come, inside `waking`."""
        return self._ends()[0]

    @contextmanager
    def waking(self) -> Iterator[None]:
        """Let items that come meanwhile make `fileno` readable. One put before did not: look once more, inside."""
        self._ends()
        self._armed = True
        try:
            yield
        finally:
            self._disarm()

    def wait(self, fd: int | None, timeout: float) -> bool:
        """Wait for an item or for data on `fd`, if given; True when there is data."""
        self._ends()
        if fd is not None:
            self._poll.register(fd, select.POLLIN)
        self._armed = True
        try:
            return fd in dict(self._poll.poll(timeout * 1000 if self.empty() else 0))
        finally:
            self._disarm()
            if fd is not None:
                self._poll.unregister(fd)

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
            self._poll.register(self._pipe[0], select.POLLIN)
        return self._pipe

    def _disarm(self) -> None:
        with self._lock:
            was_woken, self._armed = not self._armed, False
        if was_woken:  # a byte left behind would end the next wait at once
            with suppress(BlockingIOError):  # a child that was forked meanwhile has read it
                os.read(self._ends()[0], 16)


class IoServer(Server):
    """A server with `wait_readable`, for use in `handle_idle`."""

    actor_inbox: WakeInbox

    @staticmethod
    def _create_actor_inbox() -> Any:
        return WakeInbox()

    def wait_readable(self, fd: int, timeout: float) -> bool:
        """Wait until `fd` is readable, a message comes, or `timeout` real seconds pass; True if readable."""
        return self._otp_idly(self.actor_inbox.wait, fd, timeout)

    def wait_message(self, timeout: float) -> bool:
        """Wait until a message comes, or `timeout` real seconds pass; True if one has come."""
        self._otp_idly(self.actor_inbox.wait, None, timeout)
        return self.has_messages()

    def _otp_idly(self, wait: Callable[[*_Ts], _T], *args: *_Ts) -> _T:
        """Call what waits; others see this process as idle meanwhile."""
        ref = self._actor_ref
        trace = ref.runtime.trace
        if trace is None:
            return wait(*args)
        trace.handled(ref)
        try:
            return wait(*args)
        finally:
            trace.busy(ref)

    def has_messages(self) -> bool:
        """Whether the inbox holds something to handle."""
        return not self.actor_inbox.empty()

    def _otp_release(self) -> None:
        super()._otp_release()
        self.actor_inbox.close()
