"""A connection on which other things happen before and after each word."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from verk_actors.store.commands import Argument
from verk_actors.store.connection import Connection
from verk_actors.store.scripts import Script, ScriptCall


class Interrupted:
    """Sends what somebody says to Redis, with something else before and after each word."""

    def __init__(self, connection: Connection, between: Callable[[], None]) -> None:
        self._connection, self._between = connection, between

    def _ask(self, ask: Callable[[], Any]) -> Any:
        self._between()
        reply = ask()
        self._between()
        return reply

    def call(self, *args: Argument) -> Any:
        return self._ask(lambda: self._connection.call(*args))

    def script(self, script: Script, keys: Sequence[str], args: Sequence[Argument]) -> Any:
        return self._ask(lambda: self._connection.script(script, keys, args))

    def transaction(self, calls: Sequence[ScriptCall]) -> list[Any]:
        return self._ask(lambda: self._connection.transaction(calls))
