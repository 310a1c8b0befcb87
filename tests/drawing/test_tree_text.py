"""A tree as text."""

from __future__ import annotations

import attrs
import pytest

from verk_actors.drawing.tree_text import draw
from verk_actors.otp import ProcessInfo


def leaf(name: str, **fields: object) -> ProcessInfo:
    """Make a process without children."""
    return attrs.evolve(ProcessInfo(name=name, kind="Worker", pid=1), **fields)


def parent(name: str, *children: ProcessInfo) -> ProcessInfo:
    """Make a supervisor."""
    return ProcessInfo(name=name, kind="Supervisor", pid=1, children=children)


def lines(tree: ProcessInfo) -> list[str]:
    """Draw the names."""
    return draw(tree, details=False).splitlines()


def test_children_stand_below_their_parent_the_last_one_at_a_corner():
    tree = parent("root", parent("left", leaf("inner")), leaf("right"))

    assert lines(tree) == ["root", "├─ left", "│  └─ inner", "└─ right"]


def test_below_the_last_child_no_line_goes_on():
    tree = parent("root", leaf("left"), parent("right", leaf("inner")))

    assert lines(tree) == ["root", "├─ left", "└─ right", "   └─ inner"]


def test_three_neighbours_that_are_alike_take_one_line():
    tree = parent("pool", *(leaf(f"worker_{number}") for number in range(1, 4)))

    assert lines(tree) == ["pool", "└─ worker_1 … worker_3 (3)"]


def test_two_neighbours_take_a_line_each():
    assert lines(parent("pool", leaf("worker_1"), leaf("worker_2"))) == ["pool", "├─ worker_1", "└─ worker_2"]


def test_a_process_that_differs_from_its_neighbours_has_a_line_of_its_own():
    workers = [leaf(f"worker_{number}", restarts=int(number == 4)) for number in range(1, 8)]

    assert draw(parent("pool", *workers)).splitlines()[1:] == [
        "├─ worker_1 … worker_3 (3)     0 s",
        "├─ worker_4                    0 s, restarted once",
        "└─ worker_5 … worker_7 (3)     0 s",
    ]


def test_supervisors_are_never_put_together():
    tree = parent("root", *(parent(name, leaf("inner")) for name in ("one", "two", "three")))

    assert len(lines(tree)) == 7


@pytest.mark.parametrize(
    ("seconds", "age"), [(0.0, "0 s"), (59.9, "59 s"), (60.0, "1 min"), (7300.0, "2 h"), (200_000.0, "2 d")]
)
def test_an_age_is_told_in_the_largest_unit(seconds, age):
    assert draw(leaf("one", age_seconds=seconds)).split(maxsplit=1) == ["one", age]


def test_what_is_remarkable_is_told():
    assert draw(leaf("one", restarts=3, inbox=7)) == "one     0 s, restarted 3 times, 7 waiting in its inbox"


def test_a_child_that_does_not_run_has_no_age():
    assert draw(leaf("one", state="restarting", restarts=2)) == "one  restarting"


def test_a_name_can_not_move_the_cursor():
    assert lines(leaf("one\x1b[2J")) == ["one\\x1b[2J"]
