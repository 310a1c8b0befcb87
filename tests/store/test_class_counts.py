"""The counters of job classes by the minute, as Sidekiq 8 has them."""

from __future__ import annotations

import struct
from datetime import UTC, datetime

import pytest

from verk_actors.errors import StoreError
from verk_actors.store.class_counts import ClassCounts, RecentClasses
from verk_actors.store.scripts import COUNT
from verk_actors.wire.histogram import Histogram

DURATIONS = Histogram((2, *[0] * 24, 1))
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


def test_how_long_runs_took_is_added_to_the_histograms_that_sidekiq_reads(recent, redis):
    """It asks `BITFIELD_RO h|Add-31-9:5 GET u16 #0 GET u16 #1 ...`; the day and the time have no zeros before them."""
    recent.add({"Add": ClassCounts(3, 0, 1.0, DURATIONS), "Mail": ClassCounts(1, 1, 0.0, Histogram())}, AT)
    recent.add({"Add": ClassCounts(3, 0, 1.0, DURATIONS)}, AT)

    asked = ["GET", "u16", "#0", "GET", "u16", "#25", "GET", "u16", "#1"]
    assert redis.execute_command("BITFIELD_RO", "app:h|Add-31-9:5", *asked) == [4, 2, 0]
    assert 8 * 3600 - 60 < redis.ttl("app:h|Add-31-9:5") <= 8 * 3600
    assert sorted(redis.keys("app:h|*")) == [b"app:h|Add-31-9:5"]


def test_a_counter_of_a_histogram_stays_at_its_most(recent, redis):
    recent.add({"Add": ClassCounts(70_000, 0, 1.0, Histogram((70_000, *[0] * 25)))}, AT)
    recent.add({"Add": ClassCounts(3, 0, 1.0, DURATIONS)}, AT)

    assert redis.get("app:h|Add-31-9:5") == struct.pack(">26H", 65535, *[0] * 24, 1)


def test_histograms_are_read_minute_by_minute(recent, redis):
    now = redis.time()[0]
    for ago in (0, 120):
        recent.add({"Add": ClassCounts(3, 0, 1.0, DURATIONS), "Mail": ClassCounts(3, 0, 1.0, DURATIONS)}, now - ago)

    found = recent.durations("Add", 10)
    assert len(found) == 10
    assert Histogram.sum(found).counts == (4, *[0] * 24, 2)
    assert DURATIONS in (found[-1], found[-2])  # the minute may have just ended
    assert recent.durations("Other", 2) == [Histogram(), Histogram()]
    assert len(recent.durations("Add", 72 * 60)) == 480


@pytest.mark.parametrize(("minutes", "seconds", "count"), [(3, 60, 3), (480, 60, 480), (481, 600, 49)])
def test_periods_have_the_runs_of_each_minute_or_ten_the_oldest_first(recent, redis, minutes, seconds, count):
    now = redis.time()[0]
    recent.add({"Add": ClassCounts(3, 1, 1.0)}, now)

    periods = recent.periods(minutes)
    starts = [period.start.timestamp() for period in periods]
    assert [period.seconds for period in periods] == [seconds] * count
    assert starts == sorted(starts)
    assert {start % seconds for start in starts} == {0}
    assert 0 <= now - starts[-1] < seconds or now < starts[-1] + 10
    assert [p.classes for p in periods if p.classes] == [{"Add": ClassCounts(3, 1, 1.0)}]


def test_many_classes_are_told_in_steps_that_are_short_for_redis(recent, connection, redis):
    runs = {f"Class{number}": ClassCounts(1, 0, 0.5, DURATIONS) for number in range(250)}
    asked = []
    script = connection.script
    connection.script = lambda *args: (asked.append(args[0]), script(*args))[1]

    recent.add(runs, AT)

    assert asked == [COUNT] * 3
    assert redis.hlen("app:j|260131|9:05") == 500
    assert len(redis.keys("app:h|*")) == 250


@pytest.mark.parametrize("name", ["j|260131|9:05", "j|260131|9:0", "h|Add-31-9:5"])
def test_where_a_key_holds_something_else_nothing_is_added(recent, redis, snapshot, name):
    (redis.lpush if name[0] == "h" else redis.set)(f"app:{name}", "something else")
    before = snapshot()

    with pytest.raises(StoreError, match="WRONGTYPE"):
        recent.add({"Add": ClassCounts(1, 0, 1.0, DURATIONS)}, AT)
    assert snapshot() == before


def test_what_is_no_number_counts_as_none(recent, redis):
    recent.add({"Add": ClassCounts(3, 1, 1.0)}, redis.time()[0])
    for key in redis.keys("app:j|*"):
        redis.hset(key, mapping={"Add|p": "many", "Odd": "1"})

    assert recent.last()["Add"] == ClassCounts(0, 1, 1.0)
