"""How many jobs have run and failed, as Redis counts them for all nodes, Verk and Sidekiq included."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import attrs

from verk_actors.errors import StoreError
from verk_actors.store.commands import Commands, server_time
from verk_actors.wire.keys import Keys


@attrs.frozen
class Counts:
    """Runs counted.

    Attributes:
        processed: all runs, as Sidekiq counts; or the successful ones, as Verk does (`Limits` says which).
        failed: runs that failed.
    """

    processed: int
    failed: int


class Counters:
    """Reads the counters of one or several servers; they move in the script that settles a job (`exchange`)."""

    def __init__(self, servers: Sequence[Commands], keys: Keys) -> None:
        self._servers = servers
        self._keys = keys

    def totals(self) -> Counts:
        """Returns the runs of all queues since the beginning."""
        return Counts(self._read(self._keys.processed), self._read(self._keys.failed))

    def of_queue(self, queue: str) -> Counts:
        """Returns the runs of one queue since the beginning."""
        return Counts(self._read(self._keys.processed_of(queue)), self._read(self._keys.failed_of(queue)))

    def of_queues(self, queues: Sequence[str]) -> dict[str, Counts]:
        """Returns the same of several queues, in few round trips. GET for each.

        What holds no number counts as none.
        """
        processed = self._read_many([self._keys.processed_of(queue) for queue in queues])
        failed = self._read_many([self._keys.failed_of(queue) for queue in queues])
        return {queue: Counts(*counts) for queue, *counts in zip(queues, processed, failed, strict=True)}

    def on(self, day: date) -> Counts:
        """Returns the runs of all queues on one UTC day; zeros after five years."""
        return Counts(self._read(self._keys.processed_on(day)), self._read(self._keys.failed_on(day)))

    def history(self, days: int) -> dict[date, Counts]:
        """Returns the runs of each of the last UTC days, today first; zeros for days without. TIME, MGET.

        What holds no number counts as none.
        """
        today = datetime.fromtimestamp(server_time(self._servers[0]), UTC).date()
        asked = [today - timedelta(days=ago) for ago in range(days)]
        processed = self._read_all([self._keys.processed_on(day) for day in asked])
        failed = self._read_all([self._keys.failed_on(day) for day in asked])
        return {day: Counts(*counts) for day, *counts in zip(asked, processed, failed, strict=True)}

    def _read_all(self, keys: Sequence[str]) -> list[int]:
        totals = [0] * len(keys)
        for server in self._servers if keys else ():
            for at, text in enumerate(server.call("MGET", *keys)):
                totals[at] += int(text) if text and text.isdigit() else 0
        return totals

    def _read_many(self, keys: Sequence[str]) -> list[int]:
        replies = [server.call_many([("GET", key) for key in keys]) for server in self._servers]
        return [sum(int(text) for text in texts if text and text.isdigit()) for texts in zip(*replies, strict=True)]

    def _read(self, key: str) -> int:
        return sum(_number(server, key) for server in self._servers)


def _number(server: Commands, key: str) -> int:
    # One GET each: MGET would answer 0 for a key that holds something else, where GET tells.
    text = server.call("GET", key)
    try:
        return int(text or 0)
    except ValueError:
        raise StoreError("GET", key, "this counter holds no number") from None
