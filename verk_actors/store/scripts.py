"""The Lua scripts of the store, each read from its file in `lua/` once.

A script's header says what it does, its keys and arguments, what it returns and why it must be one step. They
run on Redis 6.2 and later, and on Valkey. Payloads are opaque bytes to them, neither parsed nor rebuilt.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from importlib import resources

import attrs

_DENIED_AT = re.compile(r"The user executing the script .*@user_script:(\d+)")
_COMMAND = re.compile(r"redis\.p?call\('(\w+)'")


@attrs.frozen
class Script:
    """One Lua script.

    Attributes:
        name: the verb of the job's life that it is named after.
        text: its source.
        sha: the name that Redis knows it by, once loaded.
    """

    name: str
    text: str = attrs.field(repr=False)
    sha: str

    @classmethod
    def read(cls, name: str) -> Script:
        """Returns the script in `lua/<name>.lua`."""
        text = (resources.files(__package__) / "lua" / f"{name}.lua").read_text("utf-8")
        return cls(name, text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())

    def part_at_fault(self, why: str) -> str:
        """Returns the script's name, and the commands of the line at which an error says it was denied one.

        Redis up to 7.0 says at which line, but not which command.
        """
        found = _DENIED_AT.search(why)
        if found is None:
            return self.name
        commands = _COMMAND.findall(self.text.splitlines()[int(found[1]) - 1])
        return f"{'/'.join(commands)} in {self.name}"


@attrs.frozen
class ScriptCall:
    """A script with all that it is given, to be run later."""

    script: Script
    keys: Sequence[str]
    args: Sequence[bytes | str | int | float] = attrs.field(repr=False)

    @property
    def words(self) -> tuple[bytes | str | int | float, ...]:
        """The command that runs it, where Redis knows it already."""
        return ("EVALSHA", self.script.sha, len(self.keys), *self.keys, *self.args)


ENQUEUE = Script.read("enqueue")
ENQUEUE_MANY = Script.read("enqueue_many")
RELEASE = Script.read("release")
EXCHANGE = Script.read("exchange")
TAKE = Script.read("take")
DUE = Script.read("due")
MOVE = Script.read("move")
HEARTBEAT = Script.read("heartbeat")
RESCUE = Script.read("rescue")
DEREGISTER = Script.read("deregister")
COUNT = Script.read("count")
PRESENCE = Script.read("presence")
CANCEL = Script.read("cancel")
GUARDED = Script.read("guarded")
BATCH = Script.read("batch")
CLEAR = Script.read("clear")
CRON_LOOK = Script.read("cron_look")
CRON_PUT = Script.read("cron_put")
CRON_CLAIM = Script.read("cron_claim")
CRON_REMOVE = Script.read("cron_remove")
ADMIT = Script.read("admit")
ROOM = Script.read("room")
CALL = Script.read("call")
RECLAIM = Script.read("reclaim")

SCRIPTS = (
    *(ENQUEUE, ENQUEUE_MANY, RELEASE, EXCHANGE, TAKE, DUE, MOVE, HEARTBEAT, RESCUE, DEREGISTER, PRESENCE, COUNT),
    *(CANCEL, GUARDED, BATCH, CLEAR, CRON_LOOK, CRON_PUT, CRON_CLAIM, CRON_REMOVE),
    *(ADMIT, ROOM, CALL, RECLAIM),
)
