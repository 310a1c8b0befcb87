"""Ends a node when the process that started it is gone, even if that was killed: a module for `verk run -r`.

The node's standard input is a pipe whose other end only that process holds. It is kept apart from jobs, which find an
empty standard input.
"""

from __future__ import annotations

import os

from verk_actors.otp import leash

_pipe = os.dup(0)
_nothing = os.open(os.devnull, os.O_RDONLY)
os.dup2(_nothing, 0)
os.close(_nothing)
leash.tie(_pipe)
