"""How far a job is: what it may say of that, and how that is shown and told."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest

from verk_actors.jobs.progress import LONGEST_MESSAGE, JobProgress, progress_in, progress_of


@pytest.mark.parametrize(
    ("said", "percent", "text"),
    [
        ((30, 120, "reading"), 25.0, "30 of 120 (25%), reading"),
        ((1, 3), 33.3, "1 of 3 (33%)"),
        ((1_234_567, 2_469_134), 50.0, "1234567 of 2469134 (50%)"),
        ((0.5, 2), 25.0, "0.5 of 2 (25%)"),
        ((3, 2), 100.0, "3 of 2 (100%)"),
        ((0, 0), 100.0, "0 of 0 (100%)"),
        ((7,), None, "7"),
        ((7, None, "two\nlines  and\tmore"), None, "7, two lines and more"),
    ],
    ids=repr,
)
def test_it_is_a_part_of_a_whole_with_a_word(said: tuple[Any, ...], percent: float | None, text: str) -> None:
    progress = JobProgress.of(*said)

    assert (progress.percent, str(progress)) == (percent, text)
    assert progress_in(progress.encoded()) == progress_of(progress.fields()) == progress


@pytest.mark.parametrize("number", ["1", None, True, 1j, Decimal(1), [1]], ids=repr)
def test_what_is_no_number_is_refused(number: Any) -> None:
    with pytest.raises(TypeError, match=f"done must be a number, not a {type(number).__name__}"):
        JobProgress.of(number)


@pytest.mark.parametrize("number", [-1, math.inf, math.nan])
def test_what_is_below_0_or_not_finite_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="total must be a number from 0 on"):
        JobProgress.of(1, number)


def test_a_long_message_is_cut_and_what_is_no_text_is_replaced() -> None:
    assert JobProgress.of(1, message="x" * LONGEST_MESSAGE).message == "x" * LONGEST_MESSAGE
    assert JobProgress.of(1, message="x" * 10_000_000).message == "x" * (LONGEST_MESSAGE - 1) + "…"
    assert JobProgress.of(1, message="a\ud800b").message == "a?b"
    assert JobProgress.of(1, message=ValueError("why")).message == "why"


@pytest.mark.parametrize("fields", [None, [], "text", {}, {"done": "1"}, {"done": -1}, {"done": 1, "total": "x"}])
def test_what_others_wrote_that_is_no_progress_is_none(fields: Any) -> None:
    assert progress_of(fields) is None


def test_nothing_said_is_none() -> None:
    assert progress_in(b"") is None
