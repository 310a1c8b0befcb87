"""What has run: by the day, and lately by job class."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import attrs

from verk_actors.store.class_counts import ClassCounts
from verk_actors.web.api.json_form import Between
from verk_actors.web.api.names import Word
from verk_actors.web.api.operation import looks
from verk_actors.web.errors import NotThere
from verk_actors.web.site import Site
from verk_actors.wire.histogram import Histogram

_MOST_MINUTES = 72 * 60  # as long as Redis keeps them


@attrs.frozen(kw_only=True)
class HistoryQuery:
    """How far back.

    Attributes:
        days: how many, today included.
    """

    days: Annotated[int, Between(1, 1826)] = 30


@attrs.frozen(kw_only=True)
class Day:
    """The runs of one UTC day.

    Attributes:
        processed, failed: how many, and how many of them failed.
    """

    day: date
    processed: int
    failed: int


@attrs.frozen(kw_only=True)
class MetricsQuery:
    """How far back.

    Attributes:
        minutes: how many; up to 480 each counts, beyond that each ten.
    """

    minutes: Annotated[int, Between(1, _MOST_MINUTES)] = 60


@attrs.frozen(kw_only=True)
class ClassMetrics:
    """The runs of one job class.

    Attributes:
        class_: its name.
        processed, failed: how many, and how many of them failed.
        seconds: how long those took in all that did not fail.
        mean_seconds: on average; null where there were none.
    """

    class_: str
    processed: int
    failed: int
    seconds: float
    mean_seconds: float | None


@attrs.frozen(kw_only=True)
class ClassDurations:
    """The runs of one job class, and how long each took that did not fail.

    Attributes:
        metrics: how many there were.
        bounds_seconds: what the runs of each place took less than; those of the last place have no bound.
        counts: the runs in each place, of the last 480 minutes at most.
    """

    metrics: ClassMetrics
    bounds_seconds: tuple[float, ...]
    counts: tuple[int, ...]


@looks("/history")
def history(site: Site, query: HistoryQuery) -> tuple[Day, ...]:
    """Return what has run on each of the last days, today first."""
    days = site.client.counters.history(query.days).items()
    return tuple(Day(day=day, processed=counts.processed, failed=counts.failed) for day, counts in days)


@looks("/metrics")
def metrics(site: Site, query: MetricsQuery) -> tuple[ClassMetrics, ...]:
    """Return what has run lately, by job class; nodes tell of it every twenty seconds."""
    classes = site.client.recent_classes.last(query.minutes).items()
    return tuple(_metrics_of(name, counts) for name, counts in classes)


@looks("/metrics/{class_name}", NotThere)
def class_metrics(site: Site, class_name: Word, query: MetricsQuery) -> ClassDurations:
    """Return how the jobs of one class have run lately.

    Args:
        class_name: its name.
    """
    counts = site.client.recent_classes.last(query.minutes).get(class_name)
    if counts is None:
        raise NotThere("job class that ran then", class_name)
    together = Histogram.sum(site.client.recent_classes.durations(class_name, query.minutes))
    return ClassDurations(
        metrics=_metrics_of(class_name, counts), bounds_seconds=together.bounds_seconds, counts=together.counts
    )


def _metrics_of(name: str, counts: ClassCounts) -> ClassMetrics:
    return ClassMetrics(
        class_=name,
        processed=counts.processed,
        failed=counts.failed,
        seconds=counts.seconds,
        mean_seconds=counts.mean_seconds,
    )
