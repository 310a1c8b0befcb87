"""How the owner of a port sees what its program is at: the program writes its stack to a pipe when it gets a signal.

The interpreter's fault handler does it, within the signal handler and without the interpreter's lock; so it is told of
a program, too, that computes outside of Python.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import threading
from collections.abc import Iterator

from verk_actors.otp.clock import SystemClock

SHOW_STACK = signal.SIGUSR1
_FRAME = re.compile(r'File "(.*)", line (\d+|\?\?\?) in (.*)')
_ENDS = (b'File "<string>", line 1 in <module>', b"...")  # the program's first line, unless the frames were too many
_READ_BYTES = 65_536


class StackPipe:
    """The pipe, of which the owner keeps one end; a context that closes that."""

    def __init__(self) -> None:
        self._asking = threading.Lock()
        read_end, self._write_end = os.pipe()
        os.set_blocking(read_end, False)
        os.set_blocking(self._write_end, False)  # a program goes on though nobody reads
        self._poll = select.poll()
        self._poll.register(read_end, select.POLLIN)
        self._file = open(read_end, "rb", buffering=0)  # noqa: PTH123, SIM115  a descriptor

    def __enter__(self) -> StackPipe:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @contextlib.contextmanager
    def writable(self) -> Iterator[int]:
        """Give away the program's end; here it is closed afterwards."""
        try:
            yield self._write_end
        finally:
            os.close(self._write_end)

    @contextlib.contextmanager
    def asking(self) -> Iterator[StackPipe]:
        """Be the only one who asks, and forget what came after others had given up."""
        with self._asking:
            self._received()
            yield self

    def read(self, seconds: float) -> tuple[str, ...]:
        """Return the frames that come within so many seconds, the innermost first; none where they are not whole."""
        until, text = SystemClock.monotonic() + seconds, b""
        while not text.rstrip().endswith(_ENDS):
            left = until - SystemClock.monotonic()
            if left <= 0 or not self._poll.poll(left * 1000):
                return ()
            received = self._received()
            if not received:
                return ()  # the program has ended
            text += received
        return tuple(f"{file}:{line}:in {name}" for file, line, name in _FRAME.findall(text.decode("utf-8", "replace")))

    def _received(self) -> bytes:
        """Return what has come; nothing where nothing has, or this end was closed meanwhile."""
        try:
            return self._file.read(_READ_BYTES) or b""
        except ValueError:
            return b""
