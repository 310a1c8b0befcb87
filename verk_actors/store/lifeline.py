"""What the connections of one node hang by: once it is cut, none of them waits for Redis any more.

A stop must end in bounded time though Redis answers nothing, and a thread that waits for a reply can't be told so.
It wakes up when its socket ends.
"""

from __future__ import annotations

from typing import Protocol
from weakref import WeakKeyDictionary


class Held(Protocol):
    """A connection as its lifeline sees it."""

    def shut(self) -> None:
        """End the socket, from any thread: whoever waits for a reply gets an error at once."""
        ...


class Lifeline:
    """Ends all connections of one node, those to come too; `hold` and `cut` may be called from any thread.

    Attributes:
        is_cut: whether a connection is to fail instead of connecting.
    """

    def __init__(self) -> None:
        self.is_cut = False
        self._held: WeakKeyDictionary[Held, None] = WeakKeyDictionary()

    def hold(self, connection: Held) -> None:
        """Have a connection end with the others."""
        self._held[connection] = None

    def cut(self) -> None:
        """End them all; never raises."""
        self.is_cut = True
        for reference in self._held.keyrefs():  # a list, made in one step: others may hold on meanwhile
            connection = reference()
            if connection is not None:
                connection.shut()
