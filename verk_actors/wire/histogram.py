"""How many runs took how long: Sidekiq's buckets, and the form in which Redis has them.

Source: Sidekiq lib/sidekiq/metrics/shared.rb, Histogram.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

SIDEKIQS_BOUNDS_SECONDS = (
    *(0.02, 0.03, 0.045, 0.065, 0.1, 0.15, 0.225, 0.335, 0.5, 0.75, 1.1, 1.7, 2.5),
    *(3.8, 5.75, 8.5, 13.0, 20.0, 30.0, 45.0, 65.0, 100.0, 150.0, 225.0, 335.0),
)
"""A run is counted below the first of these that it did not reach; beyond the last there is one bucket more."""

_FINER_SECONDS = (0.001, 0.0025, 0.005, 0.01)  # many jobs are shorter than Sidekiq's shortest
BOUNDS_SECONDS = (*_FINER_SECONDS, *SIDEKIQS_BOUNDS_SECONDS)
"""Those that a node counts by; a time's place is `bisect_right(BOUNDS_SECONDS, seconds)`."""

BUCKETS = len(BOUNDS_SECONDS) + 1
_SIDEKIQS_BUCKETS = len(SIDEKIQS_BOUNDS_SECONDS) + 1
_BYTES = 2  # Redis counts up to 65,535 in each


@attrs.frozen
class Histogram:
    """Runs, counted by how long they took.

    Attributes:
        counts: how many took less than the bound of their place, and not less than the one before.
        bounds_seconds: one fewer than the counts: the last of these have none.
    """

    counts: tuple[int, ...] = (0,) * _SIDEKIQS_BUCKETS
    bounds_seconds: tuple[float, ...] = attrs.field(default=SIDEKIQS_BOUNDS_SECONDS, repr=False)

    @classmethod
    def read(cls, text: bytes | None) -> Histogram:
        """Returns what Redis has, as Sidekiq and nodes write it; what has another form counts nothing."""
        text = (text or b"")[: _BYTES * _SIDEKIQS_BUCKETS].ljust(_BYTES * _SIDEKIQS_BUCKETS, b"\0")
        return cls(tuple(int.from_bytes(text[at : at + _BYTES]) for at in range(0, len(text), _BYTES)))

    @classmethod
    def sum(cls, histograms: Iterable[Histogram]) -> Histogram:
        """Returns all of them together; they have Sidekiq's bounds."""
        columns = zip(*(one.counts for one in histograms), strict=True)
        return cls(tuple(map(sum, columns)) or (0,) * _SIDEKIQS_BUCKETS)

    def since(self, earlier: Histogram) -> Histogram:
        """Returns what has come since it was that one."""
        counts = zip(self.counts, earlier.counts, strict=True)
        return Histogram(tuple(now - then for now, then in counts), self.bounds_seconds)

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(self.counts)

    def quantile(self, part: float) -> float | None:
        """Returns the seconds that such a part of the runs, 0 to 1, did not exceed; None of no runs.

        Between two bounds it is guessed, as if runs were spread evenly there; beyond the last bound it is that bound.
        """
        wanted, before, below = part * self.total, 0, 0.0
        for count, bound in zip(self.counts, self.bounds_seconds, strict=False):
            if count and before + count >= wanted:
                return below + (bound - below) * max(0.0, wanted - before) / count
            before, below = before + count, bound
        return below if self.total else None


def as_sidekiq(counts: Sequence[int]) -> Histogram:
    """Returns a node's counts by Sidekiq's bounds."""
    finer = len(_FINER_SECONDS) + 1
    return Histogram((sum(counts[:finer]), *counts[finer:]))
