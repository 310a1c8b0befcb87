"""What the in-progress list and the running table say about each other."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from verk_actors.tree.manager.queue.holding import Holding
from verk_actors.tree.manager.queue.reconcile import compare
from verk_actors.tree.running_job import SUCCEEDED, Outcome, RunningJob
from verk_actors.tree.running_jobs import RunningJobs


def running(payload: bytes) -> RunningJob:
    return RunningJob(payload, None)


def sent(payload: bytes) -> RunningJob:
    return RunningJob(payload, None, outcome=SUCCEEDED, sent=True)


def test_where_both_agree_nothing_follows() -> None:
    verdict = compare([b"a", b"b"], [running(b"a"), sent(b"b")])
    assert (verdict.settled, verdict.lost, verdict.orphans) == ([], [], [])


def test_a_job_that_is_gone_and_whose_fate_was_sent_was_settled() -> None:
    job = sent(b"a")
    assert compare([], [job]).settled == [job]


def test_a_job_that_ended_and_is_gone_before_its_fate_was_sent_is_lost() -> None:
    job = RunningJob(b"a", None, outcome=SUCCEEDED)
    assert compare([], [job]).lost == [job]


def test_a_running_job_that_is_gone_is_lost() -> None:
    job = running(b"a")
    assert compare([], [job]).lost == [job]


def test_a_payload_that_nobody_knows_is_an_orphan() -> None:
    assert compare([b"x", b"a"], [running(b"a")]).orphans == [b"x"]


def test_of_two_identical_jobs_the_one_whose_fate_was_sent_was_settled() -> None:
    one, two = running(b"a"), sent(b"a")
    verdict = compare([b"a"], [one, two])
    assert (verdict.settled, verdict.lost, verdict.orphans) == ([two], [], [])


def test_a_second_copy_in_the_list_is_an_orphan() -> None:
    assert compare([b"a", b"a", b"a"], [running(b"a")]).orphans == [b"a", b"a"]


@given(st.lists(st.sampled_from([b"a", b"b", b"c"])), st.lists(st.tuples(st.sampled_from([b"a", b"b"]), st.booleans())))
def test_afterwards_both_hold_the_same(listed: list[bytes], table: list[tuple[bytes, bool]]) -> None:
    held = [sent(payload) if done else running(payload) for payload, done in table]
    verdict = compare(listed, held)
    gone = {id(job) for job in (*verdict.settled, *verdict.lost)}
    left = Counter(job.payload for job in held if id(job) not in gone)
    assert left == Counter(listed) - Counter(verdict.orphans)
    assert all(job.sent for job in verdict.settled)
    assert not any(job.sent for job in verdict.lost)


class EndsAtTheSecondLook(RunningJob):
    """Ends on its worker's thread, between two looks of another thread."""

    looks = 0

    @property  # type: ignore[override]  # an attribute there
    def outcome(self) -> Outcome | None:
        """How it ended; None at the first look."""
        self.looks += 1
        return SUCCEEDED if self.looks > 1 else None

    @outcome.setter
    def outcome(self, _: Outcome | None) -> None: ...


def test_a_job_that_ends_as_it_is_found_to_be_lost_is_told_of_at_its_end() -> None:
    no_effects: Any = None
    holding, job = Holding("q", RunningJobs(), no_effects), EndsAtTheSecondLook(b"a", None, started_at=1.0)
    holding.table.held[job] = None

    holding.reconcile([])
    assert holding.unsettled([job]) == []

    assert list(holding.table.settled) == [job]
    assert (job.settled, holding.table.held, holding.lost) == (False, {}, [])
