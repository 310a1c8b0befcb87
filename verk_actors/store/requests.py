"""Questions to a running node and its answers, over Redis: what `verk tree` asks.

A node waits for questions as a queue waits for jobs, so nothing is spent while nobody asks.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

import attrs
import cattrs

from verk_actors.store.commands import Commands
from verk_actors.store.replies import name_of
from verk_actors.wire import strict_json
from verk_actors.wire.keys import Keys

_T = TypeVar("_T")

HEARTBEAT_NOW = "heartbeat"  # has a node renew its lease, and see what is paused; it leaves no answer
LOOK_AT_CRON = "cron"  # has a node look at the periodic jobs; likewise
NOTHING = b"null"  # the answer of a node that has not what it is asked for
_KEPT_SECONDS = 60  # a question to a dead node, or an answer nobody waits for, is gone after this
_SHORTEST_SECONDS = 0.001  # 0 would be for ever


@attrs.frozen
class NodeAnswers:
    """What nodes have answered, by node, and which have not."""

    given: Mapping[str, bytes] = attrs.field(repr=False)
    missing: tuple[str, ...]


@attrs.frozen
class Request:
    """A question, and the nonce that its answer is left under."""

    nonce: str
    question: str


def read_answer(answer: bytes, kind: type[_T]) -> _T:
    """Return what an answer holds.

    Raises:
        ValueError: nothing of that kind; whoever can write to Redis can answer.
    """
    try:
        return cattrs.structure(strict_json.parse(answer), kind)
    except (ValueError, TypeError, cattrs.BaseValidationError) as error:
        raise ValueError(f"no {kind.__name__}") from error


class Requests:
    """Asks, and answers."""

    def __init__(self, commands: Commands, keys: Keys) -> None:
        self._commands = commands
        self._keys = keys

    def ask(self, node_id: str, question: str) -> str:
        """Put a question to a node; returns the nonce that its answer is left under. LPUSH, EXPIRE."""
        nonce = secrets.token_hex(8)
        key = self._keys.requests(node_id)
        self._commands.call("LPUSH", key, f"{nonce} {question}")
        self._commands.call("EXPIRE", key, _KEPT_SECONDS)
        return nonce

    def tell_all(self, request: str) -> None:
        """Put a request that leaves no answer to all nodes. SMEMBERS; LPUSH and EXPIRE for each."""
        for node_id in self._commands.call("SMEMBERS", self._keys.nodes):
            self.ask(name_of(node_id), request)

    def ask_all(self, node_ids: Iterable[str], question: str, seconds: float, now: Callable[[], float]) -> NodeAnswers:
        """Put a question to several nodes, and wait for all answers, no longer than so many seconds. LPUSH, BLPOP."""
        waited_for = {self._keys.reply(self.ask(node_id, question)): node_id for node_id in node_ids}
        answers: dict[str, bytes] = {}
        until = now() + seconds
        while waited_for and (left := until - now()) > 0:
            found = self._commands.call("BLPOP", *waited_for, max(left, _SHORTEST_SECONDS))
            if found is None:
                break
            answers[waited_for.pop(found[0].decode())] = bytes(found[1])
        return NodeAnswers(answers, tuple(waited_for.values()))

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
