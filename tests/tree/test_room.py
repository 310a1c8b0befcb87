"""How much a queue of a group may fetch, as its QueueManager asks; no actors."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from verk_actors.tree.room import Room, SharedRoom
from verk_actors.tree.running_job import RunningJob
from verk_actors.tree.running_jobs import RunningJobs


def group(*weights: int | None, size: int) -> Sequence[SharedRoom]:
    """Return the rooms of a group that is open."""
    rooms: list[SharedRoom] = []
    for weight in weights:
        rooms.append(SharedRoom(RunningJobs(), size, group=rooms, weight=weight))
    return rooms


def hold(room: Room, count: int) -> None:
    """Enter jobs into the table."""
    for number in range(count):
        room.table.add(RunningJob(str(number).encode(), None))


def fetch(room: Room, has: int, settling: int = 0) -> int:
    """Do as a QueueManager whose queue has so many jobs; returns how many it fetches."""
    asked = room.reserve(settling)
    got = min(asked, has)
    hold(room, got)
    room.took(asked, got)
    return got


def test_a_queue_of_its_own_may_fill_its_room() -> None:
    room = Room(RunningJobs())
    assert (room.has_free(), room.may_wait(), room.reserve(0)) == (False, False, 0)
    room.resize(3)
    hold(room, 2)
    assert (room.has_free(), room.may_wait(), room.reserve(0), room.reserve(2)) == (True, True, 1, 3)
    assert room.next_to_look() == ()


def test_no_step_fetches_more_than_a_hundred_jobs() -> None:
    # Conformance cases 37, 43
    [shared] = group(1, size=500)
    assert (Room(RunningJobs(), 500).reserve(0), shared.reserve(0)) == (100, 100)
    shared.note_jobs()
    assert shared.reserve(0) == 100


def test_queues_of_a_group_never_hold_more_than_there_are_workers() -> None:
    first, second = group(None, None, size=3)
    assert fetch(first, has=9) == 3
    assert fetch(second, has=9) == 0
    assert fetch(first, has=9, settling=0) == 0


def test_what_one_is_about_to_fetch_is_nobody_elses() -> None:
    first, second = group(1, 1, size=3)
    assert first.reserve(0) == 3
    assert second.reserve(0) == 0
    first.took(3, 1)  # and nothing is in its table yet
    assert second.reserve(0) == 3


def test_of_two_that_ask_in_the_same_moment_none_gets_what_the_other_has(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = group(1, 1, size=3)
    free_of, looks = SharedRoom._free, []

    def free(room: SharedRoom) -> int:
        found = free_of(room)
        if room is first and not looks:
            looks.append(second.reserve(0))  # between the look and the note of the other
        return found

    monkeypatch.setattr(SharedRoom, "_free", free)
    assert (first.reserve(0), looks) == (0, [3])


def test_strict_order_passes_over_queues_that_are_empty_or_closed_and_no_others() -> None:
    first, second, third = group(None, None, None, size=2)
    for room in (first, second, third):
        room.note_jobs()
    assert [room.reserve(0) for room in (third, second, first)] == [0, 0, 2]
    first.took(2, 0)  # empty
    assert [room.reserve(0) for room in (third, second)] == [0, 2]
    second.resize(0)  # paused
    assert third.reserve(0) == 2
    first.note_jobs()
    third.withdraw()
    assert (third.reserve(0), third.may_wait(), first.may_wait()) == (0, True, False)


def test_a_queue_that_was_empty_has_saved_up_nothing() -> None:
    often, seldom = group(1, 1, size=1)
    for _ in range(100):
        assert fetch(often, has=9) == 1
        often.table.held.clear()
    seldom.note_jobs()
    turns = []
    for _ in range(10):
        turns.append(fetch(seldom, has=9))
        fetch(often, has=9)
        for room in (often, seldom):
            room.table.held.clear()
    assert sum(turns) == 5


def test_a_queue_of_brisk_jobs_may_be_ahead_so_that_steps_are_not_tiny_and_no_further() -> None:
    first = (rooms := group(1, 1, size=10))[0]
    for room in rooms:
        room.note_jobs()
        room.table.brisk = True
    assert fetch(first, has=99) == 10  # else 5
    had = [10, 0]
    for turn in range(40):
        room = rooms[turn % 2]
        for one in rooms:
            one.table.held.clear()
        had[turn % 2] += fetch(room, has=99)
    assert abs(had[0] - had[1]) <= 60
    for one in rooms:
        one.table.held.clear()
    ahead = sum(fetch(first, has=99) for _ in range(20) if first.table.held.clear() is None)
    assert ahead <= 60, "at most fifty ahead, and a step"


def test_those_are_told_for_whom_there_are_workers_and_once_until_they_have_looked() -> None:
    rooms = first, second = group(None, None, size=2)
    for room in rooms:
        room.table.queue_manager.ref = object()  # type: ignore[assignment]  # only handed on
    second.note_jobs()
    assert list(first.next_to_look()) == [second.table.queue_manager.ref]
    assert list(first.next_to_look()) == []
    second.looked()
    assert fetch(second, has=1) == 1
    assert list(first.next_to_look()) == []


def test_a_task_that_goes_on_though_its_job_was_cancelled_keeps_its_place() -> None:
    room = Room(RunningJobs(), 2)
    hold(room, 1)
    room.table.left[RunningJob(b"left", None)] = None
    assert (room.has_free(), room.may_wait(), room.reserve(0), room.reserve(1)) == (False, False, 0, 1)

    one, other = group(1, 1, size=2)
    other.table.left = one.table.left
    one.table.left[RunningJob(b"left", None)] = None
    assert fetch(other, 5) == 1
    assert fetch(one, 5) == 0
