"""The keys of Redis as a Markdown table, from `wire/keys.py`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from datetime import date
from typing import Any

from verk_actors.wire.keys import Keys, identity_of

_EXAMPLES: dict[str, Any] = {
    "queue": "QUEUE",
    "node_id": "NODE",
    "nonce": "NONCE",
    "token": "TOKEN",
    "jid": "JID",
    "bid": "BID",
    "limit_id": "LIMIT",
    "identity": identity_of("NODE"),
    "day": date(2026, 1, 31),
    "minutes": "260131|9:05",
    "class_name": "CLASS",
    "minute": "31-9:5",
}
_HEAD = """\
# Redis keys

Generated from `wire/keys.py`. A configured namespace is put before each key, with a colon. The day is an example.

| key | type | what, and whose |
|---|---|---|
"""


def markdown() -> str:
    """Return the table, in the order of the module."""
    return _HEAD + "".join(f"| `{key}` | {kind} | {text} |\n" for key, kind, text in _rows())


def _rows() -> Iterator[tuple[str, str, str]]:
    for name, attribute in vars(Keys).items():
        member = attribute.fget if isinstance(attribute, property) else attribute
        if name.startswith("_") or name == "queue_of" or not inspect.isfunction(member):
            continue
        arguments = [_EXAMPLES[parameter] for parameter in list(inspect.signature(member).parameters)[1:]]
        text = " ".join(str(inspect.getdoc(member)).split())
        # Each docstring has the type in its first brackets: "The names of all queues (set). Written by ..."
        what, _, rest = text.partition(" (")
        kind, _, rest = rest.partition(")")
        yield member(Keys(), *arguments), kind, what + rest
