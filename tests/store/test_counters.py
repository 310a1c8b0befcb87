from __future__ import annotations

from datetime import date

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
