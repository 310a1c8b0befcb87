"""How often the jobs of each class have run lately, and for how long: the figures of Sidekiq's page of metrics.

Nodes tell of them every twenty seconds while there is something to tell, in few steps; no job waits for it. What a lost
reply leaves uncertain is not told again, so nothing is counted twice.

Source: Sidekiq lib/sidekiq/metrics/tracking.rb, shared.rb and query.rb.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import attrs

from verk_actors.store.commands import Argument, Commands, server_time
from verk_actors.store.replies import named
from verk_actors.store.scripts import COUNT
from verk_actors.wire.histogram import Histogram
from verk_actors.wire.keys import Keys

_MINUTE_KEPT_SECONDS = 8 * 3600  # Sidekiq's
_TEN_MINUTES_KEPT_SECONDS = 72 * 3600  # Sidekiq's
MOST_MINUTES = _MINUTE_KEPT_SECONDS // 60
"""How far back each single minute is told; before that, there are steps of ten."""

_CLASSES_IN_A_STEP = 100  # a millisecond or two of Redis' time


@attrs.frozen
class ClassCounts:
    """The runs of one job class.

    Attributes:
        processed: all of them.
        failed: those that failed.
        seconds: how long those took in all that did not fail.
        durations: the same by how long each took; None where that is not told.
    """

    processed: int = 0
    failed: int = 0
    seconds: float = 0.0
    durations: Histogram | None = None

    @property
    def mean_seconds(self) -> float | None:
        """How long one that did not fail took on average; None where there was none."""
        succeeded = self.processed - self.failed
        return self.seconds / succeeded if succeeded > 0 else None

    def __add__(self, other: ClassCounts) -> ClassCounts:
        """Both together."""
        durations = [one.durations for one in (self, other) if one.durations is not None]
        return ClassCounts(
            self.processed + other.processed,
            self.failed + other.failed,
            self.seconds + other.seconds,
            Histogram.sum(durations) if durations else None,
        )

    def since(self, earlier: ClassCounts) -> ClassCounts:
        """Return what has come since these were so many."""
        durations = self.durations
        if durations is not None and earlier.durations is not None:
            durations = durations.since(earlier.durations)
        return ClassCounts(
            self.processed - earlier.processed, self.failed - earlier.failed, self.seconds - earlier.seconds, durations
        )


@attrs.frozen(kw_only=True)
class RecentPeriod:
    """The runs of a minute, or of ten.

    Attributes:
        start: when it began.
        seconds: how long it is; the last one may not be over yet.
        classes: by job class; only those that ran.
    """

    start: datetime
    seconds: int
    classes: Mapping[str, ClassCounts]


class RecentClasses:
    """The counters of the last minutes and days."""

    def __init__(self, servers: Sequence[Commands], keys: Keys) -> None:
        self._servers = servers
        self._keys = keys

    def add(self, runs: Mapping[str, ClassCounts], now: float | None = None) -> None:
        """Adds runs to the counters of a minute, on the first server. TIME; HINCRBY, BITFIELD and EXPIRE.

        In steps of a hundred classes. Not to be repeated after a lost reply.

        Args:
            runs: by job class.
            now: unix seconds; as Redis has it unless given, so that all nodes mean the same minute.
        """
        server = self._servers[0]
        at = _time_of(server) if now is None else datetime.fromtimestamp(now, UTC)
        items = list(runs.items())
        for start in range(0, len(items), _CLASSES_IN_A_STEP):
            self._add(server, items[start : start + _CLASSES_IN_A_STEP], at)

    def _add(self, server: Commands, runs: Iterable[tuple[str, ClassCounts]], at: datetime) -> None:
        keys = [self._keys.runs_in(name) for name in _names_at(at)]
        fields: list[Argument] = []
        places: list[Argument] = []
        for class_name, counts in runs:
            for letter, count in (("p", counts.processed), ("f", counts.failed), ("ms", round(counts.seconds * 1000))):
                if count:
                    fields += (f"{class_name}|{letter}", count)
            if counts.durations is not None and counts.durations.total:
                keys.append(self._keys.durations_in(class_name, _minute_at(at)))
                for place, count in enumerate(counts.durations.counts):
                    if count:
                        places += (len(keys), place, count)
        head = (_MINUTE_KEPT_SECONDS, _TEN_MINUTES_KEPT_SECONDS, len(fields) // 2)
        server.script(COUNT, keys, (*head, *fields, *places))

    def last(self, minutes: int = 60) -> dict[str, ClassCounts]:
        """Returns the runs of each class in the last minutes, this one included, Sidekiq's own as well.

        Up to 480 minutes are told by the minute, up to 72 hours in steps of ten. TIME; HGETALL for each.
        """
        found: dict[str, ClassCounts] = {}
        for period in self.periods(minutes):
            for class_name, counts in period.classes.items():
                found[class_name] = found.get(class_name, ClassCounts()) + counts
        return dict(sorted(found.items()))

    def periods(self, minutes: int = 60) -> list[RecentPeriod]:
        """Returns the same one by one, the oldest first: each minute of up to 480, else each ten. TIME; HGETALL."""
        starts, seconds = _starts(_time_of(self._servers[0]), minutes)
        asked = [("HGETALL", self._keys.runs_in(_names_at(start)[seconds > 60])) for start in starts]
        replies = [server.call_many(asked) for server in self._servers]
        return [
            RecentPeriod(start=start, seconds=seconds, classes=_classes_in(found))
            for start, *found in zip(starts, *replies, strict=True)
        ]

    def durations(self, class_name: str, minutes: int = 60) -> list[Histogram]:
        """Returns how long the runs of a class took that did not fail, in each of the last minutes, oldest first.

        Of 480 minutes at most, as long as Redis keeps them; up to 65,535 runs are counted in each place. TIME, MGET.
        """
        starts, _ = _starts(_time_of(self._servers[0]), min(minutes, MOST_MINUTES))
        keys = [self._keys.durations_in(class_name, _minute_at(start)) for start in starts]
        replies = [server.call("MGET", *keys) for server in self._servers]
        return [Histogram.sum(map(Histogram.read, texts)) for texts in zip(*replies, strict=True)]


def _classes_in(hashes: Iterable[Sequence[bytes] | None]) -> dict[str, ClassCounts]:
    """Returns the counts of one step, as one or several servers have them."""
    totals: Counter[tuple[str, str]] = Counter()
    for found in filter(None, hashes):
        for field, count in named(found):
            class_name, _, letter = field.rpartition("|")
            totals[class_name, letter] += int(count) if count.isdigit() else 0  # nobody's but a mistake
    return {
        class_name: ClassCounts(totals[class_name, "p"], totals[class_name, "f"], totals[class_name, "ms"] / 1000)
        for class_name in sorted({class_name for class_name, _ in totals})
    }


def _time_of(server: Commands) -> datetime:
    return datetime.fromtimestamp(server_time(server), UTC)


def _starts(now: datetime, minutes: int) -> tuple[list[datetime], int]:
    """Returns when each of the periods of so many minutes began, the oldest first, and how many seconds they have."""
    seconds = 60 if minutes <= MOST_MINUTES else 600
    last = int(now.timestamp()) // seconds * seconds
    count = -(-minutes * 60 // seconds)
    return [datetime.fromtimestamp(last - seconds * ago, UTC) for ago in reversed(range(count))], seconds


def _names_at(now: datetime) -> tuple[str, str]:
    """Returns what Sidekiq calls a minute, and the ten minutes that it is in."""
    return f"{now:%y%m%d}|{now.hour}:{now:%M}", f"{now:%y%m%d}|{now.hour}:{now.minute // 10}"


def _minute_at(now: datetime) -> str:
    """Returns what Sidekiq calls a minute in the names of histograms."""
    return f"{now.day}-{now.hour}:{now.minute}"
