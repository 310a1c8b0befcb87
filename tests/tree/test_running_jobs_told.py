"""Who is told of what is in the running table: workers are woken and managers nudged, no more often than need be."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import pytest
from support.processes import Bench
from support.running_tables import job, put, start

from verk_actors.otp import Ref
from verk_actors.tree.messages import JobsMoved
from verk_actors.tree.running_job import SUCCEEDED
from verk_actors.tree.running_jobs import Nudged, RunningJobs


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.end()


def test_a_worker_that_has_not_looked_yet_is_not_woken_again(bench: Bench) -> None:
    table, me = RunningJobs(is_open=True, waking=True), start(bench, "me")
    table.idle.append(start(bench, "other"))
    put(table, job("1"), job("2"))

    table.claim(me)

    assert bench.noted() == []


def test_whoever_wakes_hears_whether_a_worker_will_look(bench: Bench) -> None:
    table = RunningJobs(is_open=True)
    assert not table.wake()  # nothing waits
    put(table, job("1"))
    assert not table.wake()  # nobody is idle
    table.idle.append(start(bench, "other"))
    assert table.wake()
    assert table.wake()  # that one has not looked yet
    table.is_open = False
    assert not table.wake()


def test_a_worker_wakes_for_a_job_that_is_about_to_come_and_the_next_one_wakes_nobody(bench: Bench) -> None:
    table, me, other = RunningJobs(is_open=True), start(bench, "me"), start(bench, "other")
    table.idle.extend([other, me])

    assert table.wake(one_comes=True)
    put(table, job("1"))
    assert table.wake()

    assert (bench.noted(), list(table.idle)) == (["me Run"], [other])


def test_a_worker_that_was_awake_before_the_job_came_is_woken_again(bench: Bench) -> None:
    table, me = RunningJobs(is_open=True), start(bench, "me")
    table.idle.append(me)

    table.wake(one_comes=True)
    table.waking = False  # it has looked, and rests
    table.idle.append(me)
    put(table, job("1"))
    table.wake()

    assert bench.noted() == ["me Run"] * 2


@pytest.mark.parametrize(("settled", "told"), [(99, False), (100, True)])
def test_the_workers_manager_hears_of_settled_jobs_once_there_are_many(bench: Bench, settled: int, told: bool) -> None:
    table = RunningJobs(is_open=True)
    table.workers_manager.ref = start(bench, "teller")
    table.settled.extend(job("x", outcome=SUCCEEDED) for _ in range(settled))

    table.tell_of_settled()

    assert bench.noted() == ["teller JobsMoved"] * told


@pytest.mark.parametrize(
    ("watched", "waiting", "ended", "told"),
    [(False, 1, 0, True), (True, 1, 0, False), (True, 0, 0, True), (True, 1, 50, True)],
    ids=["not watched", "others wait", "the last", "many have ended"],
)
def test_the_queue_manager_is_left_alone_while_watched_jobs_wait(
    bench: Bench, watched: bool, waiting: int, ended: int, told: bool
) -> None:
    table = RunningJobs(is_open=True, watched=watched)
    table.queue_manager.ref = start(bench, "manager")
    put(table, *(job(str(number)) for number in range(waiting)))
    table.ended.extend(job("x", outcome=SUCCEEDED) for _ in range(ended))

    table.tell_of_end()

    assert table.queue_manager.told == told
    assert bench.noted() == ["manager JobsEnded"] * told


@pytest.mark.parametrize(("brisk", "waiting", "watched"), [(True, 2, True), (True, 1, False), (False, 2, False)])
def test_brisk_jobs_are_watched_of_which_a_worker_is_to_take_more_than_one(
    brisk: bool, waiting: int, watched: bool
) -> None:
    table = RunningJobs(brisk=brisk, watched=not watched)
    put(table, *(job(str(number)) for number in range(waiting)))

    table.watch()

    assert table.watched == watched


def test_the_watch_wakes_one_worker_after_another_and_ends_when_none_is_idle(bench: Bench) -> None:
    """So that then each end is told at once: the jobs that run may take long, and others wait for hours."""
    table = RunningJobs(is_open=True, watched=True)
    table.queue_manager.ref = start(bench, "settler")
    table.workers_manager.ref = start(bench, "teller")
    table.channel.extend([job("1"), job("2")])
    table.idle.append(start(bench, "other"))

    table.look_again()
    assert (table.watched, bench.noted()) == (True, ["other Run"])
    table.waking = False  # it has looked
    table.started.append(job("0"))
    table.ended.append(job("0"))
    table.look_again()
    assert not table.watched
    assert sorted(bench.noted()) == ["settler JobsEnded", "teller JobsMoved"]


def test_nobody_relies_on_a_watch_that_may_end(bench: Bench) -> None:
    """A worker that goes idle while it is decided is woken again, and has to wake the next."""

    class Seeing(deque[Ref]):
        def pop(self) -> Ref:  # type: ignore[override]
            seen.append(table.watched)
            return super().pop()

    seen: list[bool] = []
    table = RunningJobs(is_open=True, watched=True, idle=Seeing())
    table.channel.append(job("1"))

    table.look_again()

    assert seen == [False]


def test_an_actor_is_nudged_once_until_it_has_looked(bench: Bench) -> None:
    manager = Nudged(JobsMoved(), start(bench, "manager"))

    manager.nudge()
    manager.nudge()
    assert bench.noted() == ["manager JobsMoved"]
    manager.told = False  # it has looked
    manager.nudge()
    assert bench.noted() == ["manager JobsMoved"]


def test_a_dead_actor_is_not_nudged_again_and_again(bench: Bench) -> None:
    """Its successor looks by itself, and clears the flag."""
    manager = Nudged(JobsMoved(), start(bench, "manager"))
    assert manager.ref is not None
    manager.ref.stop()

    manager.nudge()

    assert manager.told


def test_where_there_is_no_actor_yet_nobody_is_nudged() -> None:
    manager = Nudged(JobsMoved())

    manager.nudge()

    assert not manager.told
