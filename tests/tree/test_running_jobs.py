"""The running table of a queue: who is woken, who gets which job, who is told."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from support.processes import Bench
from support.running_tables import job, names, put, start

from verk_actors.tree.running_job import EXPIRED, GIVEN_BACK, SUCCEEDED, Cancelled, Outcome
from verk_actors.tree.running_jobs import RunningJobs, most_at_once


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.end()


def test_of_all_who_end_a_job_in_one_moment_the_first_counts() -> None:
    """Else what has succeeded could be given back, and run twice."""
    for _ in range(200):
        table, running_job, ready = RunningJobs(), job("one"), Barrier(3)
        outcomes = (SUCCEEDED, GIVEN_BACK, Cancelled())

        def end(outcome: Outcome, table=table, running_job=running_job, ready=ready) -> bool:
            ready.wait(10)
            return table.end(running_job, outcome, 1.0)

        with ThreadPoolExecutor(3) as threads:
            won = list(threads.map(end, outcomes))

        assert sorted(won) == [False, False, True]
        assert running_job.outcome is outcomes[won.index(True)]
        assert list(table.ended) == [running_job]


def test_a_job_that_came_with_its_end_is_not_ended_again() -> None:
    expired = job("late", outcome=EXPIRED)

    assert not expired.end(GIVEN_BACK, 2.0)
    assert (expired.outcome, expired.ended_at) == (EXPIRED, 0.0)


def test_what_is_fetched_is_held_and_waits_for_a_worker_unless_it_has_ended() -> None:
    table = RunningJobs(is_open=True)

    put(table, job("first"), job("ended", outcome=SUCCEEDED), job("second"))

    assert names(list(table.held)) == ["first", "ended", "second"]
    assert names(list(table.channel)) == ["first", "second"]
    assert not table.waking  # nobody is idle


def test_while_the_channel_is_closed_nobody_is_woken_and_nothing_is_claimed(bench: Bench) -> None:
    table, me = RunningJobs(), start(bench, "me")
    table.idle.append(me)

    put(table, job("1"))

    assert bench.noted() == []
    assert table.claim(me) is None
    assert names(table.withdraw()) == ["1"]


def test_the_worker_that_went_idle_last_is_woken_and_no_other_before_it_has_looked(bench: Bench) -> None:
    table = RunningJobs(is_open=True)
    table.idle.extend([start(bench, "one"), start(bench, "two")])

    put(table, job("1"))
    put(table, job("2"))

    assert bench.noted() == ["two Run"]
    assert table.waking
    assert names_of(table.idle) == ["one"]


def names_of(refs: object) -> list[str]:
    return [str(ref) for ref in refs]


def test_nobody_is_woken_for_nothing(bench: Bench) -> None:
    table = RunningJobs(is_open=True)
    table.idle.append(start(bench, "one"))

    put(table)

    assert bench.noted() == []
    assert not table.waking


def test_a_worker_that_died_idle_is_passed_over(bench: Bench) -> None:
    table = RunningJobs(is_open=True)
    dead = start(bench, "dead")
    table.idle.extend([start(bench, "alive"), dead])
    dead.stop()

    put(table, job("1"))

    assert bench.noted() == ["alive Run"]
    assert table.waking


def test_where_all_that_were_idle_are_dead_the_next_that_looks_need_not_be_woken(bench: Bench) -> None:
    table = RunningJobs(is_open=True)
    dead = start(bench, "dead")
    table.idle.append(dead)
    dead.stop()

    put(table, job("1"))

    assert not table.waking
    assert not table.idle


def test_jobs_are_claimed_in_order_and_each_that_claims_one_wakes_the_next_worker(bench: Bench) -> None:
    table, me = RunningJobs(is_open=True), start(bench, "me")
    put(table, job("1"), job("2"), job("3"))
    table.idle.extend([start(bench, "third"), start(bench, "second")])

    first = table.claim(me)
    assert bench.noted() == ["second Run"]
    table.waking = False  # it has looked
    second = table.claim(me)
    table.waking = False  # the third too
    third = table.claim(me)

    assert names([first, second, third]) == ["1", "2", "3"]
    assert table.claim(me) is None
    assert first.worker is me
    assert bench.noted() == ["third Run"]


def test_while_the_queue_manager_watches_one_worker_takes_them_all(bench: Bench) -> None:
    table, me = RunningJobs(is_open=True, watched=True), start(bench, "me")
    put(table, job("1"), job("2"))
    table.idle.append(start(bench, "other"))

    assert names([table.claim(me), table.claim(me)]) == ["1", "2"]
    assert bench.noted() == []


@pytest.mark.parametrize(
    ("seconds", "brisk"), [([0.00001, 5.0], True), ([0.5, 0.01], False), ([], True)], ids=["one is", "none is", "none"]
)
def test_jobs_are_brisk_if_the_shortest_of_those_that_ran_was(seconds: list[float], brisk: bool) -> None:
    table = RunningJobs(brisk=True)
    ran = [job("x", worker="me", started_at=1000.0, ended_at=1000.0 + took) for took in seconds]

    table.judge([*ran, job("no job", started_at=1000.0, ended_at=1000.0)])

    assert table.brisk == brisk


@pytest.mark.parametrize("settled", [True, False])
def test_a_job_that_is_no_longer_ours_is_passed_over(bench: Bench, settled: bool) -> None:
    table, me = RunningJobs(is_open=True), start(bench, "me")
    put(table, job("gone", settled=settled), job("ours"))

    assert table.claim(me).payload == b"ours"


def test_what_nobody_has_claimed_is_taken_back_in_order() -> None:
    table = RunningJobs()
    put(table, job("1"), job("2"))

    assert names(table.withdraw()) == ["1", "2"]
    assert table.withdraw() == []
    assert not table.channel


def test_a_job_runs_from_its_claim_to_its_outcome(bench: Bench) -> None:
    me = start(bench, "me")
    rows = [job("waits"), job("runs", worker=me), job("ended", worker=me, outcome=SUCCEEDED)]
    table = RunningJobs(held=dict.fromkeys(rows))

    assert names(table.running()) == ["runs"]


@pytest.mark.parametrize(
    ("room", "workers", "most"), [(0, 1, 1), (25, 25, 25), (35, 25, 25), (125, 25, 63), (52, 1, 26), (500, 200, 100)]
)
def test_where_jobs_are_fetched_ahead_one_step_leaves_workers_half_of_them(room: int, workers: int, most: int) -> None:
    assert most_at_once(room, workers) == most
