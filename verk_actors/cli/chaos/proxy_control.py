"""What a proxy can be told, by whoever holds the other end of its control."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, Literal

import attrs

Act = Literal["lose_reply", "half_reply", "lose_request", "hang", "answer"]
"""What happens to a request: its reply is lost and the connection reset; half of the reply comes before the reset;
the server never gets it and the connection is reset; the server does it, and nothing is ever heard again on the
connection; the proxy answers in the server's place."""


@attrs.define(kw_only=True)
class Rule:
    """What happens to requests that match.

    Attributes:
        needle: a part of the requests that it is for, such as a key; empty for any.
        times: how many it is for; then it is used up.
        chance: that it is for one that matches.
        reply: what is answered, a line such as `-LOADING Redis is loading`.
    """

    act: Act
    needle: str = ""
    times: int = 1
    chance: float = 1.0
    reply: str = ""


def rule_of(fields: Mapping[str, Any]) -> Rule:
    """Return the rule that was sent as these fields."""
    return Rule(**fields)


class ProxyControl:
    """Tells a proxy what to do; an order holds for all that is sent after it.

    Args:
        control: the file descriptor that the proxy's orders are written to. Whoever made it closes it, which ends
            the proxy.
    """

    def __init__(self, control: int) -> None:
        self._control = control

    def rule(self, rule: Rule) -> None:
        """Treat matching requests so, until the rule is used up."""
        self._order("rule", attrs.asdict(rule))

    def forget(self) -> None:
        """Have no rules."""
        self._order("forget")

    def cut(self) -> None:
        """Reset all connections."""
        self._order("cut")

    def hang(self) -> None:
        """Let nothing through on the connections there are, and leave them open: each end waits for the other."""
        self._order("hang")

    def hole(self, seconds: float) -> None:
        """Let nothing through for so long, on new connections too; then what was sent arrives. 0 ends it."""
        self._order("hole", seconds)

    def delay(self, seconds: float) -> None:
        """Let each reply arrive so much later; 0 for at once."""
        self._order("delay", seconds)

    def _order(self, name: str, *arguments: object) -> None:
        # One write of less than a pipe's buffer: lines of two threads don't mix.
        os.write(self._control, json.dumps([name, arguments]).encode() + b"\n")
