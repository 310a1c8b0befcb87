"""Ends this process when the one that started it is gone, even if that was killed.

The two share a pipe, whose other end the starter alone has. Nothing is ever written to it: its end is the news. What
this process has forked ends with it, if it has a process group of its own.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import sys
import threading


def tie(pipe: int) -> None:
    """Have this process be killed as soon as nobody has the other end of the pipe.

    On Linux the kernel does it, whatever this process is at: computing outside of Python, or standing still. Elsewhere
    a thread does, once it gets the interpreter's lock.
    """
    if sys.platform == "linux":
        fcntl.fcntl(pipe, fcntl.F_SETOWN, _all_of_us())
        fcntl.fcntl(pipe, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(pipe, fcntl.F_SETFL, fcntl.fcntl(pipe, fcntl.F_GETFL) | os.O_ASYNC)
        watch(pipe, 0)  # it may have been gone before the kernel was told whom to signal
    else:
        threading.Thread(target=watch, args=(pipe,), name="leash", daemon=True).start()


def watch(pipe: int, timeout_seconds: float | None = None) -> None:
    """Wait for the end of the pipe, at most so long, and kill this process then."""
    poll = select.poll()
    poll.register(pipe, 0)  # a hang-up is told unasked
    if poll.poll(None if timeout_seconds is None else timeout_seconds * 1000):
        os.kill(_all_of_us(), signal.SIGKILL)


def _all_of_us() -> int:
    """Return whom a signal goes to, as kill(2) has it: this process, or its group, below 0, where it leads that."""
    me = os.getpid()
    return -me if os.getpgrp() == me else me
