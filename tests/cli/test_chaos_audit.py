"""How `verk chaos` tells what has become of a job: each way to break the promise is noticed."""

from __future__ import annotations

import os
import random
from collections import Counter

import pytest

from verk_actors.cli.chaos import ledger
from verk_actors.cli.chaos.audit import Places, compare
from verk_actors.cli.chaos.jobs import FATES, draw
from verk_actors.cli.chaos.ledger import Runs
from verk_actors.cli.chaos.report import Injected, report, text


def look(fate="succeed", starts=1, ends=1, where=(), poisoned=False, at_risk=0):
    """Compare what one promised job has done, and where it is."""
    found = Places({"a": list(where)} if where else {}, frozenset("a" if poisoned else ""))
    return compare({"a": fate}, Counter(a=at_risk), Runs(Counter(a=starts), Counter(a=ends)), found)


@pytest.mark.parametrize(
    "ended",
    [
        {"fate": "succeed"},
        {"fate": "fail, then succeed", "starts": 2},
        {"fate": "fail for ever", "starts": 3, "ends": 0, "where": ["dead"]},
        {"fate": "scheduled"},
    ],
)
def test_a_job_that_ended_as_its_fate_wants_breaks_nothing(ended):
    found = look(**ended)

    assert found.settled
    assert found.as_wanted[ended["fate"]] == 1
    assert (found.lost, found.copies, found.left, found.buried, found.ran_again) == (0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("broken", "count"),
    [
        ({"starts": 0, "ends": 0}, "lost"),
        ({"starts": 1, "ends": 0}, "lost"),
        ({"fate": "fail for ever", "starts": 3, "ends": 0}, "lost"),
        ({"ends": 0, "where": ["in progress"]}, "left"),
        ({"ends": 0, "where": ["retry"]}, "left"),
        ({"where": ["queue"]}, "copies"),
        ({"fate": "fail for ever", "starts": 3, "ends": 0, "where": ["dead", "dead"]}, "copies"),
        ({"fate": "fail, then succeed", "ends": 0, "where": ["retry", "in progress"]}, "copies"),
        ({"ends": 0, "where": ["dead"]}, "copies"),
    ],
)
def test_a_job_that_is_nowhere_or_twice_or_not_at_its_end_is_counted_so(broken, count):
    found = look(**broken)

    assert not found.settled
    assert getattr(found, count) == 1
    assert sum(found.as_wanted.values()) == 0


def test_a_job_taken_from_dead_nodes_too_often_is_buried_and_not_lost():
    found = look(starts=4, ends=0, where=["dead"], poisoned=True)

    assert found.settled
    assert (found.buried, found.ran_again) == (1, 3)


@pytest.mark.parametrize(("starts", "kept"), [(1, True), (3, True), (4, False)])
def test_the_promise_is_broken_by_a_second_run_that_no_fault_explains(starts, kept):
    faults = [Injected("kill", ["a", "b"]), Injected("freeze", ["a"])]

    found = report(7, {"a": "succeed"}, faults, look(starts=starts, at_risk=2), seconds=2.0)

    assert (found.ran_again, found.bound, found.kept) == (starts - 1, 3, kept)
    assert ("The promise was kept." in text(found)) is kept
    assert "--seed 7" in text(found)


def test_a_lost_job_breaks_the_promise():
    found = report(7, {"a": "succeed"}, [], look(ends=0), seconds=2.0)

    assert not found.kept
    assert "THE PROMISE WAS BROKEN." in text(found)


def test_a_seed_draws_the_same_jobs_and_all_fates():
    first, second = (list(draw(500, random.Random(3))) for _ in range(2))

    assert first == second
    assert {fate for fate, _, _ in first} == set(FATES)


def test_the_ledger_counts_what_all_nodes_have_written(tmp_path, monkeypatch):
    for node in ("n1", "n2"):
        monkeypatch.setenv(ledger.VARIABLE, str(tmp_path / node))
        ledger.note("start", "a")
        os.close(ledger._file())
        ledger._file.cache_clear()
    monkeypatch.setenv(ledger.VARIABLE, str(tmp_path / "n2"))
    ledger.note("end", "a")
    os.close(ledger._file())
    ledger._file.cache_clear()

    assert ledger.read(tmp_path) == Runs(Counter(a=2), Counter(a=1))
