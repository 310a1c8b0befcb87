"""The geometry of pictures that the server draws."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from verk_actors.web.views.plots import bars, cells, line

VALUES = st.lists(st.integers(0, 10**9), max_size=100)


def test_bars_stand_on_the_ground_side_by_side() -> None:
    first, second, none = bars([10, 5, 0], width=30, height=100)

    assert (first.x, first.y, first.width, first.height, first.strength) == (1.0, 0.0, 8.0, 100.0, 1.0)
    assert (second.x, second.y, second.height) == (11.0, 50.0, 50.0)
    assert none.height == 0.0
    assert bars([10], width=10, height=100, most=40)[0].height == 25.0


@settings(max_examples=25)
@given(VALUES)
def test_what_there_is_can_be_seen_and_stays_within_the_picture(values: list[int]) -> None:
    for value, bar in zip(values, bars(values, width=600, height=140), strict=True):
        assert (bar.height >= 1.5) == (value > 0)
        assert -0.01 <= bar.x <= bar.x + bar.width <= 600.01
        assert -0.01 <= bar.y <= bar.y + bar.height <= 140.02


def test_a_line_goes_from_the_left_to_the_right() -> None:
    assert line([0, 2, 1], width=100, height=24) == "0.0,23.0 50.0,1.0 100.0,12.0"
    assert line([7], width=100, height=24) == "0.0,1.0"
    assert line([], width=100, height=24) == ""


def test_cells_are_where_something_is_the_first_at_the_bottom() -> None:
    low, high = cells([[4, 0], [0, 2]], width=100, height=40)

    assert (low.x, low.y, low.strength) == (0.0, 20.0, 1.0)
    assert (high.x, high.y, high.strength) == (50.0, 0.0, 0.5)
    assert cells([], width=100, height=40) == cells([[]], width=100, height=40) == ()
