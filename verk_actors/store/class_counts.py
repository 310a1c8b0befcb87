"""How often the jobs of each class have run lately, and for how long: the figures of Sidekiq's page of metrics.

Nodes tell of them every twenty seconds while there is something to tell, in one step; no job waits for it. What a lost
reply leaves uncertain is not told again, so nothing is counted twice.

Source: Sidekiq lib/sidekiq/metrics/tracking.rb and query.rb.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import attrs

from verk_actors.store.commands import Argument, Commands
from verk_actors.store.members import name_of
from verk_actors.store.scripts import COUNT
from verk_actors.wire.keys import Keys

_MINUTE_KEPT_SECONDS = 8 * 3600  # Sidekiq's
_TEN_MINUTES_KEPT_SECONDS = 72 * 3600  # Sidekiq's
_MOST_MINUTES = _MINUTE_KEPT_SECONDS // 60


@attrs.frozen
class ClassCounts:
    """The runs of one job class.

    Attributes:
        processed: all of them.
        failed: those that failed.
        seconds: how long those took in all that did not fail.
    """

    processed: int = 0
    failed: int = 0
    seconds: float = 0.0

    @property
    def mean_seconds(self) -> float | None:
        """How long one that did not fail took on average; None where there was none."""
        succeeded = self.processed - self.failed
        return self.seconds / succeeded if succeeded > 0 else None


class RecentClasses:
    """The counters of the last minutes and days."""

    def __init__(self, servers: Sequence[Commands], keys: Keys) -> None:
        self._servers = servers
        self._keys = keys

    def add(self, runs: Mapping[str, ClassCounts], now: float | None = None) -> None:
        """Adds runs to the counters of a minute, on the first server. TIME; HINCRBY and EXPIRE, in one step.

        Not to be repeated after a lost reply.

        Args:
            runs: by job class.
            now: unix seconds; as Redis has it unless given, so that all nodes mean the same minute.
        """
        server = self._servers[0]
        minute, ten_minutes = _names_at(_time_of(server) if now is None else datetime.fromtimestamp(now, UTC))
        args: list[Argument] = [_MINUTE_KEPT_SECONDS, _TEN_MINUTES_KEPT_SECONDS]
        for class_name, counts in runs.items():
            for letter, count in (("p", counts.processed), ("f", counts.failed), ("ms", round(counts.seconds * 1000))):
                if count:
                    args += (f"{class_name}|{letter}", count)
        server.script(COUNT, (self._keys.runs_in(minute), self._keys.runs_in(ten_minutes)), args)

    def last(self, minutes: int = 60) -> dict[str, ClassCounts]:
        """Returns the runs of each class in the last minutes, this one included, Sidekiq's own as well.

        Up to 480 minutes are told by the minute, up to 72 hours in steps of ten. TIME; HGETALL for each.
        """
        totals: Counter[tuple[str, str]] = Counter()
        for server in self._servers:
            for name in _names_back(_time_of(server), minutes):
                found = server.call("HGETALL", self._keys.runs_in(name))
                for field, count in zip(found[::2], found[1::2], strict=True):
                    class_name, _, letter = name_of(field).rpartition("|")
                    totals[class_name, letter] += int(count)
        return {
            class_name: ClassCounts(totals[class_name, "p"], totals[class_name, "f"], totals[class_name, "ms"] / 1000)
            for class_name in sorted({class_name for class_name, _ in totals})
        }


def _time_of(server: Commands) -> datetime:
    return datetime.fromtimestamp(int(server.call("TIME")[0]), UTC)


def _names_back(now: datetime, minutes: int) -> Iterator[str]:
    """Yields the names of the counters of so many minutes, back from now."""
    if minutes <= _MOST_MINUTES:
        for minute in range(minutes):
            yield _names_at(now - timedelta(minutes=minute))[0]
    else:
        for ten in range(-(-minutes // 10)):
            yield _names_at(now - timedelta(minutes=10 * ten))[1]


def _names_at(now: datetime) -> tuple[str, str]:
    """Returns what Sidekiq calls a minute, and the ten minutes that it is in."""
    return f"{now:%y%m%d}|{now.hour}:{now:%M}", f"{now:%y%m%d}|{now.hour}:{now.minute // 10}"
