from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from verk_actors.errors import StoreError
from verk_actors.store.counters import Counters, Counts


def test_counters_are_read_in_total_by_queue_and_by_day(connection, redis, keys):
    redis.mset(
        {
            "app:stat:processed": 1, "app:stat:failed": 2,
            "app:stat:processed:default": 3, "app:stat:failed:default": 4,
            "app:stat:processed:2023-11-14": 5, "app:stat:failed:2023-11-14": 6,
        }
    )  # fmt: skip
    counters = Counters([connection], keys)

    assert counters.totals() == Counts(processed=1, failed=2)
    assert counters.of_queue("default") == Counts(processed=3, failed=4)
    assert counters.on(date(2023, 11, 14)) == Counts(processed=5, failed=6)


def test_what_was_never_counted_is_zero(connection, keys):
    assert Counters([connection], keys).totals() == Counts(0, 0)


def test_a_counter_that_holds_something_else_is_told(connection, redis, keys):
    redis.set(keys.processed, "many")
    with pytest.raises(StoreError, match="app:stat:processed failed: this counter holds no number"):
        Counters([connection], keys).totals()

    redis.delete(keys.processed)
    redis.rpush(keys.processed, "1")
    with pytest.raises(StoreError, match="WRONGTYPE"):
        Counters([connection], keys).totals()


def test_the_history_has_each_of_the_last_days_today_first(connection, redis, keys):
    # spec 4.17 case 243
    today = datetime.fromtimestamp(redis.time()[0], UTC).date()
    redis.mset({keys.processed_on(today): 5, keys.failed_on(today): 1})
    redis.set(keys.processed_on(today - timedelta(days=2)), 7)
    redis.set(keys.processed_on(today - timedelta(days=3)), "no number")
    redis.rpush(keys.failed_on(today - timedelta(days=3)), "no string")

    history = Counters([connection], keys).history(5)

    assert list(history) == [today - timedelta(days=ago) for ago in range(5)]
    assert list(history.values()) == [Counts(5, 1), Counts(0, 0), Counts(7, 0), Counts(0, 0), Counts(0, 0)]
    assert Counters([connection], keys).history(0) == {}
    assert len(Counters([connection, connection], keys).history(5 * 366)) == 5 * 366
