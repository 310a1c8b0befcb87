"""Where the examples find Redis: $VERK_REDIS_URL, or else a server of their own that is gone when they end."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from verk_actors import embedded


@contextmanager
def a_redis() -> Iterator[str]:
    """Lend the URL of a Redis."""
    url = os.environ.get("VERK_REDIS_URL")
    if url:
        yield url
        return
    with tempfile.TemporaryDirectory() as directory:
        try:
            yield f"embedded:{directory}"  # starts with the first connection
        finally:
            embedded.stop(directory)
