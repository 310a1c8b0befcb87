"""Which jobs a payload names as those of the step before."""

from __future__ import annotations

from typing import Any

import pytest

from verk_actors.wire.after import KEY, MOST, jids_before
from verk_actors.wire.job import Job


@pytest.mark.parametrize(
    ("named", "jids"),
    [
        (["a", "b"], ("a", "b")),
        ([], ()),
        (None, ()),
        ("ab", ()),
        ({"a": 1}, ()),
        (["a", 1, None], ("a", "", "")),
        ([str(number) for number in range(MOST + 1)], ()),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_others_wrote_that_names_no_jobs_names_none(named: Any, jids: tuple[str, ...]) -> None:
    assert jids_before(Job(class_="A", args=[], extra={KEY: named})) == jids


def test_most_jobs_are_no_steps() -> None:
    assert jids_before(Job(class_="A", args=[])) == ()
