"""The counters of job classes by the minute, as Sidekiq 7 has them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from verk_actors.errors import StoreError
from verk_actors.store.class_counts import ClassCounts, RecentClasses

AT = datetime(2026, 1, 31, 9, 5, 59, tzinfo=UTC).timestamp()


@pytest.fixture
def recent(connection, keys):
    """Return the counters, none so far."""
    return RecentClasses([connection], keys)


def test_runs_are_added_to_the_minute_and_to_the_ten_minutes_that_sidekiq_reads(recent, redis):
    runs = {"Add": ClassCounts(3, 1, 1.2345), "Odd|name": ClassCounts(1, 0, 0.0)}
    recent.add(runs, AT)
    recent.add(runs, AT)

    wanted = {b"Add|p": b"6", b"Add|f": b"2", b"Add|ms": b"2468", b"Odd|name|p": b"2"}
    assert redis.hgetall("app:j|260131|9:05") == redis.hgetall("app:j|260131|9:0") == wanted
    assert 8 * 3600 - 60 < redis.ttl("app:j|260131|9:05") <= 8 * 3600
    assert 72 * 3600 - 60 < redis.ttl("app:j|260131|9:0") <= 72 * 3600


@pytest.mark.parametrize("minutes", [1, 480, 481, 72 * 60])
def test_the_last_minutes_are_read_whoever_has_counted(recent, redis, minutes):
    recent.add({"Add": ClassCounts(3, 1, 1.0), "Mail": ClassCounts(1, 0, 0.5)}, redis.time()[0])

    found = recent.last(minutes)
    assert found == {"Add": ClassCounts(3, 1, 1.0), "Mail": ClassCounts(1, 0, 0.5)} or minutes == 1  # it has just ended
    assert ClassCounts(3, 1, 1.0).mean_seconds == 0.5
    assert ClassCounts(1, 1, 0.0).mean_seconds is None


def test_earlier_minutes_are_read_too(recent, redis):
    recent.add({"Add": ClassCounts(1)}, redis.time()[0] - 3600)

    assert recent.last(58) == {}
    assert recent.last(62) == recent.last(600) == {"Add": ClassCounts(1)}


@pytest.mark.parametrize("name", ["9:05", "9:0"])
def test_where_a_key_holds_something_else_nothing_is_added(recent, redis, snapshot, name):
    redis.set(f"app:j|260131|{name}", "something else")
    before = snapshot()

    with pytest.raises(StoreError, match="WRONGTYPE"):
        recent.add({"Add": ClassCounts(1)}, AT)
    assert snapshot() == before
