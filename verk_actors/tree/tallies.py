"""The runs of each job class in each queue of a node, counted and timed since it started.

QueueStats writes here, everybody may read. They outlive it, and so does what Redis was told.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

import attrs

from verk_actors.status import ClassStatus
from verk_actors.store.class_counts import ClassCounts
from verk_actors.tree.messages import EndedRuns
from verk_actors.wire.histogram import BOUNDS_SECONDS, BUCKETS, Histogram, as_sidekiq

_MOST = 1000  # whoever can write to Redis chooses the names of job classes


@attrs.define(eq=False)
class Tally:
    """The runs of one job class in one queue.

    Attributes:
        finished, failed: how many ended so; those that were discarded have finished.
        seconds: how long those took in all that have finished; `durations` counts them by bucket.
        waited_seconds: how long those had waited that tell when they were enqueued; `waits` counts them.
        told: what Redis was told of it.
    """

    finished: int = 0
    failed: int = 0
    seconds: float = 0.0
    durations: list[int] = attrs.Factory(lambda: [0] * BUCKETS)
    waited_seconds: float = 0.0
    waits: list[int] = attrs.Factory(lambda: [0] * BUCKETS)
    told: ClassCounts = attrs.Factory(ClassCounts)

    def count(self, runs: EndedRuns) -> None:
        """Count runs; those that have failed have not finished."""
        for ended in (runs.finished, runs.failed):
            waits = [started_at - enqueued_at for enqueued_at, started_at, _ in ended if enqueued_at is not None]
            self.waited_seconds += _counted(waits, self.waits)
        self.seconds += _counted([ended_at - started_at for _, started_at, ended_at in runs.finished], self.durations)
        self.failed += len(runs.failed)
        self.finished += len(runs.finished)  # last, for whoever reads it meanwhile

    def runs(self) -> ClassCounts:
        """Return what Sidekiq tells of them."""
        return ClassCounts(self.finished + self.failed, self.failed, self.seconds, as_sidekiq(self.durations))

    def status(self) -> ClassStatus:
        """Return all of it as it is now."""
        return ClassStatus(
            finished=self.finished,
            failed=self.failed,
            seconds=self.seconds,
            durations=Histogram(tuple(self.durations), BOUNDS_SECONDS),
            waited_seconds=self.waited_seconds,
            waits=Histogram(tuple(self.waits), BOUNDS_SECONDS),
        )


def _counted(times: Iterable[float], buckets: list[int]) -> float:
    """Count times in seconds by their bucket, and return their sum.

    Clocks may be put back, or be those of two machines: no time is negative.
    """
    total = 0.0
    for seconds in times:
        buckets[bisect_right(BOUNDS_SECONDS, seconds)] += 1
        if seconds > 0:
            total += seconds
    return total


class Tallies:
    """The table of them."""

    def __init__(self) -> None:
        self._table: dict[tuple[str, str], Tally] = {}

    def of(self, queue: str, class_name: str) -> Tally | None:
        """Return the one to count in; None for a new class where there are a thousand."""
        tally = self._table.get((queue, class_name))
        if tally is None and len(self._table) < _MOST:
            tally = self._table[queue, class_name] = Tally()
        return tally

    def by_class(self) -> dict[str, ClassCounts]:
        """Return the runs of each class in all queues."""
        found: dict[str, ClassCounts] = {}
        for (_, class_name), tally in tuple(self._table.items()):
            found[class_name] = found.get(class_name, ClassCounts()) + tally.runs()
        return found

    def of_queue(self, queue: str) -> dict[str, ClassStatus]:
        """Return the runs of each class in one queue."""
        return {name: tally.status() for (of, name), tally in tuple(self._table.items()) if of == queue}

    def untold(self) -> dict[str, ClassCounts]:
        """Return what Redis has not been told, by class, and take it as told."""
        found: dict[str, ClassCounts] = {}
        for (_, class_name), tally in self._table.items():
            runs = tally.runs()
            if runs.processed > tally.told.processed:
                found[class_name] = found.get(class_name, ClassCounts()) + runs.since(tally.told)
                tally.told = runs
        return found
