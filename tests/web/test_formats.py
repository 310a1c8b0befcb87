"""How numbers and times are shown."""

from __future__ import annotations

import math

import pytest

from verk_actors.web import formats
from verk_actors.web.formats import UNKNOWN


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, UNKNOWN),
        (0, "0 ms"),
        (0.0123, "12 ms"),
        (1.25, "1.2 s"),
        (59.94, "59.9 s"),
        (61.9, "1 min 1 s"),
        (3600, "1 h 0 min"),
        (90_000, "1 d 1 h"),
        (86_400_000, "1,000 d 0 h"),
    ],
)
def test_a_duration_is_shown_in_its_two_largest_units(seconds, shown):
    assert formats.duration(seconds) == shown


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (1000, "now"),
        (999, "1 s ago"),
        (1059, "in 59 s"),
        (1060, "in 1 min"),
        (-6300, "2 h ago"),
        (math.inf, "never"),
        (-1e300, "long ago"),
        (1e9, "in 11,574 d"),
    ],
)
def test_a_time_is_shown_as_seen_from_now(at, shown):
    assert formats.ago(at, 1000) == shown


def test_the_rest_is_shown_as_people_read_it():
    assert formats.number(1234567) == "1,234,567"
    assert formats.number(None) == UNKNOWN
    assert formats.instant(0) == "1970-01-01 00:00:00+00:00"
    assert formats.instant(1e30) == "1e+30"
    counts = (None, 999, 1500, 2.5e9, 9e15)
    assert [formats.size(count) for count in counts] == [UNKNOWN, "999 B", "1.5 kB", "2.5 GB", "9000.0 TB"]
    assert formats.as_json(["ü", 1]) == '["ü", 1]'
