"""What makes two jobs the same, where they don't say it themselves."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def token_of(queue: str, class_: str, args: list[Any]) -> str:
    """Returns the token of jobs of this queue, class and arguments; the order of an object's keys doesn't count.

    Exq hashes what Erlang makes of the three, so that the tokens of the two differ; a `unique_token` is shared.

    Raises:
        ValueError, TypeError, RecursionError: the arguments can't be written.
    """
    text = json.dumps([queue, class_, args], sort_keys=True, allow_nan=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
