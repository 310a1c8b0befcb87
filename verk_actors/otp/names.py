"""Names of live processes; one table per runtime, so that two systems never see each other."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

P = TypeVar("P")


class Names(Generic[P]):
    """A thread-safe table from name to process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._table: dict[str, P] = {}

    def claim(self, name: str, process: P) -> P | None:
        """Give the name to the process; returns the holder, and changes nothing, where there is one."""
        with self._lock:
            holder = self._table.get(name)
            if holder is None:
                self._table[name] = process
            return holder

    def release(self, name: str, process: P) -> None:
        """Take the name back if that very process holds it: its successor may have it already."""
        with self._lock:
            if self._table.get(name) is process:
                del self._table[name]

    def find(self, name: str) -> P | None:
        """Return the live process of that name."""
        return self._table.get(name)

    def all(self) -> dict[str, P]:
        """Return a copy of the table."""
        with self._lock:
            return dict(self._table)
