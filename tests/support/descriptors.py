"""What is open in this process."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import pytest

needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists a process's descriptors")


def descriptors() -> set[str]:
    """Return the names of all files, sockets and pipes that are open; see `needs_proc`.

    By name, and not counted: what tests before this one have left open, garbage is collected to close at any time.
    """
    found = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # that of the listing itself
            found.add(str(descriptor.readlink()))
    return found
