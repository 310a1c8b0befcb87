"""Times sorted into buckets, and Redis' form of them."""

from __future__ import annotations

import struct
from bisect import bisect_right

import pytest

from verk_actors.wire.histogram import BOUNDS_SECONDS, BUCKETS, Histogram, as_sidekiq


def counted(*seconds: float) -> Histogram:
    """Return what a node tells of such runs."""
    counts = [0] * BUCKETS
    for one in seconds:
        counts[bisect_right(BOUNDS_SECONDS, one)] += 1
    return as_sidekiq(counts)


@pytest.mark.parametrize(
    ("seconds", "place"),
    [(0.0, 0), (0.0009, 0), (0.0199, 0), (0.02, 1), (0.0299, 1), (0.28, 7), (1.0, 10), (334.9, 24), (9e9, 25)],
)  # fmt: skip
def test_a_time_is_counted_where_sidekiq_counts_it(seconds: float, place: int) -> None:
    """Sidekiq's own example among them: "if a job takes 280ms, it'll increment bucket[7]"."""
    assert counted(seconds).counts.index(1) == place
    assert len(counted(seconds).counts) == 26


def test_a_node_counts_the_shorter_ones_more_finely() -> None:
    assert BOUNDS_SECONDS[:5] == (0.001, 0.0025, 0.005, 0.01, 0.02)
    assert list(BOUNDS_SECONDS) == sorted(set(BOUNDS_SECONDS))


def test_what_redis_has_is_read_whatever_its_length() -> None:
    assert Histogram.read(None) == Histogram.read(b"") == Histogram()
    assert Histogram.read(struct.pack(">3H", 1, 65535, 0)).counts == (1, 65535, *[0] * 24)
    assert Histogram.read(b"\0\1\2").counts[:2] == (1, 512)
    assert Histogram.read(b"\0\1" * 100).counts == (1,) * 26


def test_histograms_are_added_up_and_told_apart() -> None:
    both = Histogram.sum([counted(0.5, 0.5), counted(9.0)])
    assert both == counted(0.5, 9.0, 0.5)
    assert both.since(counted(0.5)) == counted(0.5, 9.0)
    assert Histogram.sum([]) == Histogram()
    assert both.total == 3


def test_a_quantile_is_between_the_bounds_of_its_bucket() -> None:
    histogram = counted(*[0.04] * 90, *[1.5] * 9, 1000.0)
    assert histogram.quantile(0.5) == pytest.approx(0.03 + 0.015 * 50 / 90)
    assert histogram.quantile(0.0) == 0.03
    assert histogram.quantile(0.95) == pytest.approx(1.1 + 0.6 * 5 / 9)
    assert histogram.quantile(1.0) == 335.0  # nothing is known of how long it took
    assert Histogram().quantile(0.5) is None
