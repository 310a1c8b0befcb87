"""The curve of retries: Verk's."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verk_actors.wire.backoff import retry_at, retry_delay_seconds
from verk_actors.wire.job import MAX_COUNT

JITTER = st.floats(0, 1, exclude_max=True)


def test_the_first_delay_is_18_to_76_seconds() -> None:
    assert retry_delay_seconds(1, 0.0) == 18.0
    assert retry_delay_seconds(1, 0.999999) == 76.0


def test_25_retries_take_some_25_days() -> None:
    total = sum(retry_delay_seconds(attempt, 0.5) for attempt in range(1, 26))

    assert total / 86_400 == pytest.approx(25, abs=0.1)


@given(st.integers(1, MAX_COUNT), JITTER)
def test_a_delay_stays_within_its_bounds(attempt: int, jitter: float) -> None:
    delay = retry_delay_seconds(attempt, jitter)

    assert float(attempt**4 + 15 + attempt + 1) <= delay <= float(attempt**4 + 15 + 30 * (attempt + 1))


@given(st.integers(1, 1000), JITTER)
def test_the_next_delay_is_longer(attempt: int, jitter: float) -> None:
    assert retry_delay_seconds(attempt, jitter) < retry_delay_seconds(attempt + 1, jitter)


def test_every_jitter_from_1_to_30_comes_up() -> None:
    rng = random.Random(1)

    drawn = {retry_at(1000.0, 1, rng) for _ in range(2000)}

    assert drawn == {1000.0 + 16 + 2 * spread for spread in range(1, 31)}
