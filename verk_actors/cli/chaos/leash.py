"""Ends a node when the process that started it is gone, even if that was killed: a module for `verk run -r`.

The node's standard input is a pipe whose other end only that process holds. Where the kernel can't signal the end of
a pipe, as outside Linux, importing this does nothing.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import sys

if sys.platform == "linux":
    fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(0, fcntl.F_SETSIG, signal.SIGKILL)  # a node that stands still gets it too
    fcntl.fcntl(0, fcntl.F_SETFL, fcntl.fcntl(0, fcntl.F_GETFL) | os.O_ASYNC)
    pipe = select.poll()
    pipe.register(0, 0)
    if pipe.poll(0):  # it was gone before the kernel was told whom to signal
        os.kill(os.getpid(), signal.SIGKILL)
