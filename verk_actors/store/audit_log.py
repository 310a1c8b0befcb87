"""What people have done by dashboards, the latest first: a list that all dashboards of one Redis share."""

from __future__ import annotations

import json
from typing import Any

import attrs

from verk_actors.store.commands import Commands
from verk_actors.wire import strict_json
from verk_actors.wire.keys import Keys

MOST_KEPT = 1000


@attrs.frozen(kw_only=True)
class AuditEntry:
    """One action.

    Attributes:
        at: when, in unix seconds.
        who: as the program around the dashboard knows him, and the address.
        action: what it is called.
        target: the queue, job or node that it was done to.
        outcome: what came of it.
    """

    at: float
    who: str
    action: str
    target: str
    outcome: str


class AuditLog:
    """Writes and reads them."""

    def __init__(self, commands: Commands, keys: Keys) -> None:
        self._commands = commands
        self._key = keys.audit

    def add(self, entry: AuditEntry) -> None:
        """Adds one, and drops the oldest of too many. LPUSH, LTRIM."""
        self._commands.call("LPUSH", self._key, json.dumps(attrs.asdict(entry)))
        self._commands.call("LTRIM", self._key, 0, MOST_KEPT - 1)

    def latest(self, count: int) -> list[AuditEntry]:
        """Returns the latest, the last first; without what can't be read. LRANGE."""
        found = self._commands.call("LRANGE", self._key, 0, count - 1)
        return [entry for text in found if (entry := _entry(text)) is not None]


def _entry(text: bytes) -> AuditEntry | None:
    try:
        value: Any = strict_json.parse(text)
        texts = [value[name] for name in ("who", "action", "target", "outcome")]
        if type(value["at"]) not in (int, float) or not all(isinstance(one, str) for one in texts):
            return None
    except (ValueError, TypeError, KeyError):
        return None
    who, action, target, outcome = texts
    return AuditEntry(at=float(value["at"]), who=who, action=action, target=target, outcome=outcome)
