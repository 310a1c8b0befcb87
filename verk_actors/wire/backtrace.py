"""The two ways a backtrace is written: Sidekiq's packed one and Verk's plain text."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

_MAX_UNPACKED_BYTES = 1024 * 1024  # a few kilobytes can unpack to gigabytes; no backtrace is that long


@lru_cache
def pack(lines: tuple[str, ...]) -> str:
    """Returns the lines in base64 of zlib of a JSON list, as Sidekiq Web reads them.

    Jobs fail at the same lines again and again, and to pack these costs more than all else that is written then.

    Source: Sidekiq lib/sidekiq/job_retry.rb, compress_backtrace
    """
    return base64.b64encode(zlib.compress(json.dumps(lines).encode())).decode()


def join(lines: Sequence[str]) -> str:
    """Returns the lines as one text, each ended by a newline; a sole newline if there are none.

    Source: Elixir lib/exception.ex, format_stacktrace, which Verk stores
    """
    return "\n".join(lines) + "\n"


def read(value: Any) -> tuple[str, ...] | None:
    """Returns the lines of a backtrace however it is written; None if it isn't one. Never raises."""
    if isinstance(value, list):
        return tuple(str(line) for line in value)
    if not isinstance(value, str):
        return None
    unpacked = _unpack(value)
    if unpacked is not None:
        return unpacked
    text = value.removesuffix("\n")
    return tuple(text.split("\n")) if text else ()


def _unpack(text: str) -> tuple[str, ...] | None:
    try:
        # Not validated: Sidekiq before 7 breaks the base64 into lines
        packed = base64.b64decode(text)
        lines = json.loads(zlib.decompressobj().decompress(packed, _MAX_UNPACKED_BYTES))
    except (ValueError, zlib.error, RecursionError):
        return None  # not packed: plain text
    return tuple(str(line) for line in lines) if isinstance(lines, list) else None
