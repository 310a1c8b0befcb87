"""Ends a node when the process that started it is gone, even if that was killed: a module for `verk run -r`.

The node's standard input is a pipe whose other end only that process holds.
"""

from __future__ import annotations

from verk_actors.otp import leash

leash.tie(0)
