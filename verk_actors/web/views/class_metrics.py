"""How often the jobs of each class have run lately, and for how long: the figures of the Metrics pages."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from verk_actors.client import Client
from verk_actors.store.class_counts import MOST_MINUTES, ClassCounts, RecentPeriod
from verk_actors.web.formats import duration
from verk_actors.wire.histogram import Histogram

PERIODS = {"1h": 60, "4h": 240, "8h": MOST_MINUTES + 1, "24h": 24 * 60, "72h": 72 * 60}
"""What can be looked at, in minutes; from 8 hours on in steps of ten, or there would be too many to read."""

_MOST_SLOTS = 72
_NOTHING = ClassCounts()


@attrs.frozen(kw_only=True)
class Slot:
    """The runs of a step in time; `at` is when it began, in unix seconds."""

    at: float
    processed: int
    failed: int
    mean_seconds: float | None


@attrs.frozen(kw_only=True)
class ClassRow:
    """The runs of one class.

    Attributes:
        seconds: how long those took in all that did not fail.
        seconds_part: of the time of all classes, 0 to 1.
        trend: how many there were in each slot.
    """

    name: str
    processed: int
    failed: int
    mean_seconds: float | None
    seconds: float
    seconds_part: float
    trend: tuple[int, ...]

    @property
    def failed_part(self) -> float:
        """How many of them failed, 0 to 1."""
        return self.failed / self.processed if self.processed else 0.0


@attrs.frozen(kw_only=True)
class ClassTable:
    """The runs of all classes, those first that took the most time; the slots have those of all together."""

    period: str
    slot_minutes: int
    slots: tuple[Slot, ...]
    rows: tuple[ClassRow, ...]


@attrs.frozen(kw_only=True)
class Bucket:
    """How many runs took `from_seconds` or more, and less than `below_seconds`; None for no end."""

    from_seconds: float
    below_seconds: float | None
    count: int

    @property
    def label(self) -> str:
        """What it is called."""
        if self.below_seconds is None:
            return f"over {duration(self.from_seconds)}"
        if not self.from_seconds:
            return f"below {duration(self.below_seconds)}"
        return f"{duration(self.from_seconds)} \N{EN DASH} {duration(self.below_seconds)}"


@attrs.frozen(kw_only=True)
class ClassTimes:
    """The runs of one class, in time and by how long they took.

    Attributes:
        buckets: from the shortest that occurred to the longest; of the last eight hours at most.
        quantiles: the seconds that half of the runs, 95 % and 99 % did not exceed; guessed within a bucket.
        columns: the same buckets for each step of time, the oldest first; `column_minutes` is how long one is.
    """

    row: ClassRow
    period: str
    slot_minutes: int
    slots: tuple[Slot, ...]
    buckets: tuple[Bucket, ...]
    quantiles: tuple[float | None, float | None, float | None]
    columns: tuple[tuple[int, ...], ...]
    column_minutes: int


def read_class_table(client: Client, period: str, where: str = "") -> ClassTable:
    """Return the runs of all classes that have a text in their name, in whatever case."""
    periods = _periods(client, period)
    names = {name for one in periods for name in one.classes if where.casefold() in name.casefold()}
    seconds = sum(counts.seconds for one in periods for counts in one.classes.values())
    rows = sorted((_row(name, periods, seconds) for name in names), key=lambda row: (-row.seconds, row.name))
    return ClassTable(
        period=period,
        slot_minutes=periods[0].seconds // 60,
        slots=tuple(_slot(one, [one.classes[name] for name in names & one.classes.keys()]) for one in periods),
        rows=tuple(rows),
    )


def read_class_times(client: Client, name: str, period: str) -> ClassTimes:
    """Return the runs of one class; there may have been none."""
    periods = _periods(client, period)
    minutes = client.recent_classes.durations(name, PERIODS[period])
    step = -(-len(minutes) // _MOST_SLOTS)
    columns = [Histogram.sum(minutes[at : at + step]) for at in range(0, len(minutes), step)]
    all_ = Histogram.sum(minutes)
    places = [place for place, count in enumerate(all_.counts) if count]
    shown = slice(places[0], places[-1] + 1) if places else slice(0)
    bounds = (0.0, *all_.bounds_seconds), (*all_.bounds_seconds, None)
    return ClassTimes(
        row=_row(name, periods, sum(counts.seconds for one in periods for counts in one.classes.values())),
        period=period,
        slot_minutes=periods[0].seconds // 60,
        slots=tuple(_slot(one, [one.classes.get(name, _NOTHING)]) for one in periods),
        buckets=tuple(
            Bucket(from_seconds=start, below_seconds=end, count=count)
            for start, end, count in tuple(zip(*bounds, all_.counts, strict=True))[shown]
        ),
        quantiles=(all_.quantile(0.5), all_.quantile(0.95), all_.quantile(0.99)),
        columns=tuple(column.counts[shown] for column in columns),
        column_minutes=step,
    )


def _periods(client: Client, period: str) -> list[RecentPeriod]:
    """Return the steps of a time, so few that each is seen."""
    found = client.recent_classes.periods(PERIODS[period])
    step = -(-len(found) // _MOST_SLOTS)
    return [_together(found[at : at + step]) for at in range(0, len(found), step)]


def _together(periods: Sequence[RecentPeriod]) -> RecentPeriod:
    classes: dict[str, ClassCounts] = {}
    for period in periods:
        for name, counts in period.classes.items():
            classes[name] = classes.get(name, _NOTHING) + counts
    return RecentPeriod(start=periods[0].start, seconds=sum(one.seconds for one in periods), classes=classes)


def _row(name: str, periods: Sequence[RecentPeriod], seconds_of_all: float) -> ClassRow:
    each = [one.classes.get(name, _NOTHING) for one in periods]
    total = sum(each, _NOTHING)
    return ClassRow(
        name=name,
        processed=total.processed,
        failed=total.failed,
        mean_seconds=total.mean_seconds,
        seconds=total.seconds,
        seconds_part=total.seconds / seconds_of_all if seconds_of_all else 0.0,
        trend=tuple(one.processed for one in each),
    )


def _slot(period: RecentPeriod, counts: Sequence[ClassCounts]) -> Slot:
    total = sum(counts, _NOTHING)
    return Slot(
        at=period.start.timestamp(), processed=total.processed, failed=total.failed, mean_seconds=total.mean_seconds
    )
