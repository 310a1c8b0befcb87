"""Jobs in progress under the id of a node that nobody knows of any more, found by looking at all lists.

Our own scripts never leave such: a node that has jobs stays registered. An Elixir node does, which takes jobs from a
dead node and the dead node off the list of nodes in two steps: what the dead one, alive after all, fetched in between
is in nobody's care.

Source: verk lib/verk/node/manager.ex, cleanup_queues and deregister.
"""

from __future__ import annotations

import re

from verk_actors.store.commands import Commands
from verk_actors.store.replies import name_of
from verk_actors.wire.keys import Keys

_KEYS_PER_STEP = 1000  # a step takes Redis less than a millisecond
# Host, pid, eight hex digits: the ids that we generate. A chosen one might be Verk's, whose nodes need not register.
_GENERATED_ID = re.compile(r".+-\d+-[0-9a-f]{8}")


class Orphans:
    """Looks at all keys again and again, one step per call; what it finds twice is registered again."""

    def __init__(self, commands: Commands, keys: Keys) -> None:
        self._commands = commands
        self._keys = keys
        self._prefix = keys.in_progress("", "").removesuffix(":")
        self._cursor = b"0"
        self._found: set[str] = set()
        self._found_before: set[str] = set()

    def step(self) -> list[str]:
        """Looks at some more keys; returns the lists of jobs whose node is registered from now on. SCAN.

        What is found the first time may have been registered or settled a moment later, so the second time counts.
        """
        match = f"{self._prefix}*"
        self._cursor, page = self._commands.call("SCAN", self._cursor, "MATCH", match, "COUNT", _KEYS_PER_STEP)
        registered = [key for key in map(name_of, page) if self._is_orphan(key) and self._register(key)]
        if self._cursor == b"0":
            self._found, self._found_before = set(), self._found
        return registered

    def _is_orphan(self, key: str) -> bool:
        _, node_id = self._parts(key)
        if _GENERATED_ID.fullmatch(node_id) is None or self._commands.call("SISMEMBER", self._keys.nodes, node_id):
            return False
        self._found.add(key)
        return key in self._found_before

    def _register(self, key: str) -> bool:
        queue, node_id = self._parts(key)
        self._commands.call("SADD", self._keys.node_queues(node_id), queue)
        return bool(self._commands.call("SADD", self._keys.nodes, node_id))

    def _parts(self, key: str) -> tuple[str, str]:
        queue, _, node_id = key.removeprefix(self._prefix).rpartition(":")  # no id of ours has a colon
        return queue, node_id
