"""What the fronts of this package need of Redis: one command, or one script, at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

from verk_actors.store.scripts import Script, ScriptCall

Argument: TypeAlias = bytes | str | int | float


class Commands(Protocol):
    """Sends commands to Redis and returns the replies: bytes, integers, lists or None, as RESP2 has them.

    `Connection` is one for a single actor, `Pool` one for many threads. No command is ever sent twice.

    Raises:
        StoreUnavailable: Redis can't be reached or isn't ready. Its `sent` tells whether the command may have
            been done; reconcile, or rely on the scripts' guards, before repeating it.
        StoreError: Redis refused, and repeating is no help.
    """

    def call(self, *args: Argument) -> Any:
        """Sends one command, such as `call("LLEN", key)`, and returns its reply."""
        ...

    def call_many(self, commands: Sequence[Sequence[Argument]]) -> list[Any]:
        """Sends commands that only read, in few round trips; returns their replies, and raises what the first raises.

        None is the reply where a key holds something else, which is no reason to tell nothing of the others. They are
        not one step: others may come between.
        """
        ...

    def script(self, script: Script, keys: Sequence[str], args: Sequence[Argument]) -> Any:
        """Runs one script and returns its reply, loading it first if the server doesn't know it."""
        ...

    def transaction(self, calls: Sequence[ScriptCall]) -> list[Any]:
        """Runs scripts one after the other, in one step and one round trip, and returns their replies.

        No script undoes what those before it have done: each has to find for itself what would stop any of them.
        """
        ...


def server_time(commands: Commands) -> float:
    """Returns the unix seconds of Redis' clock. TIME."""
    seconds, microseconds = commands.call("TIME")
    return int(seconds) + int(microseconds) / 1e6
