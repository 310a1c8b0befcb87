"""Questions to a running node and its answers, over Redis: what `verk tree` asks.

A node waits for questions as a queue waits for jobs, so nothing is spent while nobody asks.
"""

from __future__ import annotations

import secrets

import attrs

from verk_actors.store.commands import Commands
from verk_actors.wire.keys import Keys

HEARTBEAT_NOW = "heartbeat"  # has a node renew its lease, and see what is paused; it leaves no answer
_KEPT_SECONDS = 60  # a question to a dead node, or an answer nobody waits for, is gone after this


@attrs.frozen
class Request:
    """A question, and the nonce that its answer is left under."""

    nonce: str
    question: str


class Requests:
    """Asks, and answers."""

    def __init__(self, commands: Commands, keys: Keys) -> None:
        self._commands = commands
        self._keys = keys

    def ask(self, node_id: str, question: str) -> str:
        """Put a question to a node; returns the nonce for `answer_to`. LPUSH, EXPIRE."""
        nonce = secrets.token_hex(8)
        key = self._keys.requests(node_id)
        self._commands.call("LPUSH", key, f"{nonce} {question}")
        self._commands.call("EXPIRE", key, _KEPT_SECONDS)
        return nonce

    def answer_to(self, nonce: str, timeout_seconds: int) -> bytes | None:
        """Wait for an answer; None if there is none in time. BLPOP."""
        found = self._commands.call("BLPOP", self._keys.reply(nonce), timeout_seconds)
        return None if found is None else bytes(found[1])

    def take(self, node_id: str) -> Request | None:
        """Take the oldest question to a node. RPOP."""
        found = self._commands.call("RPOP", self._keys.requests(node_id))
        if found is None:
            return None
        nonce, _, question = found.decode("utf-8", "replace").partition(" ")
        return Request(nonce, question)

    def answer(self, request: Request, answer: bytes) -> None:
        """Leave an answer. RPUSH, EXPIRE."""
        key = self._keys.reply(request.nonce)
        self._commands.call("RPUSH", key, answer)
        self._commands.call("EXPIRE", key, _KEPT_SECONDS)
