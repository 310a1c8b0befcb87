"""Who of a group may fetch for how many workers; no actors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verk_actors.tree.shares import Claimant, strict, weighted

CLAIMANTS = st.lists(st.builds(Claimant, st.integers(1, 50), st.floats(0, 100)), min_size=1, max_size=5)


@given(CLAIMANTS, st.integers(0, 100))
def test_all_free_workers_are_shared_out_and_no_more(claimants: list[Claimant], free: int) -> None:
    for policy in (lambda me: weighted(free, claimants, me), lambda me: strict(free, me)):
        assert sum(policy(me) for me in range(len(claimants))) == free


def test_the_first_in_order_has_all_where_the_order_is_strict() -> None:
    assert [strict(7, me) for me in range(3)] == [7, 0, 0]


@pytest.mark.parametrize("step", [1, 2, 3, 7, 25])
def test_shares_tend_to_the_weights_whatever_the_steps(step: int) -> None:
    weights, had = (5, 3, 1), [0, 0, 0]
    for _ in range(900 // step):
        claimants = [Claimant(weight, count / weight) for weight, count in zip(weights, had, strict=True)]
        had = [count + weighted(step, claimants, me) for me, count in enumerate(had)]

    assert all(abs(count - sum(had) * weight / 9) <= 2 for weight, count in zip(weights, had, strict=True)), had


def test_whoever_was_served_least_for_its_weight_is_first() -> None:
    claimants = [Claimant(3, 10.0), Claimant(1, 9.5)]
    assert [weighted(1, claimants, me) for me in range(2)] == [0, 1]
