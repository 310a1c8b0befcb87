"""What is counted of jobs that are settled."""

from __future__ import annotations

import pytest

from verk_actors.tree.manager.queue.ended_runs import but_successes, fenced_of, runs_of
from verk_actors.tree.messages import EndedRuns
from verk_actors.tree.running_job import (
    EXPIRED,
    GIVEN_BACK,
    SUCCEEDED,
    Discarded,
    Failed,
    Outcome,
    RunningJob,
    Snoozed,
    Undecodable,
)
from verk_actors.wire.failure import Failure
from verk_actors.wire.job import Job

FAILED = Failed(failure=Failure(class_name="E", message="m", backtrace=()))
JOB = Job(class_="Good", args=[], enqueued_at=0.5)


def row(outcome: Outcome, **fields: object) -> RunningJob:
    values = {"job": JOB, "started_at": 1.0, "ended_at": 2.0, "settled": True} | fields
    return RunningJob(payload=b"bytes", outcome=outcome, **values)


def test_runs_count_by_class_with_their_times_and_whether_they_have_failed() -> None:
    other = Job(class_="Other", args=[])
    rows = [row(SUCCEEDED), row(FAILED), row(Discarded("done"), ended_at=3.0), row(SUCCEEDED, job=other)]

    assert runs_of(rows) == {
        "Good": EndedRuns(finished=[(0.5, 1.0, 2.0), (0.5, 1.0, 3.0)], failed=[(0.5, 1.0, 2.0)]),
        "Other": EndedRuns(finished=[(None, 1.0, 2.0)]),
    }


@pytest.mark.parametrize("outcome", [Snoozed(1.0), GIVEN_BACK, EXPIRED])
def test_what_runs_again_or_never_ran_does_not_count(outcome: Outcome) -> None:
    assert runs_of([row(outcome)]) == {}
    assert fenced_of([row(outcome)]) == 0


def test_one_that_was_cancelled_before_it_began_has_failed_at_once() -> None:
    cancelled = row(FAILED, started_at=0.0)

    assert runs_of([cancelled]) == {"Good": EndedRuns(failed=[(0.5, 2.0, 2.0)])}


def test_a_job_of_others_counts_as_fenced_where_it_ran_here() -> None:
    rows = [row(SUCCEEDED, settled=False), row(FAILED, settled=False), row(GIVEN_BACK, settled=False, started_at=0.0)]

    assert runs_of(rows) == {}
    assert fenced_of(rows) == 2


def test_bytes_that_are_no_job_do_not_count() -> None:
    bytes_ = Undecodable(reason="no JSON", jid="j")

    assert runs_of([row(bytes_, job=None)]) == {}
    assert fenced_of([row(bytes_, job=None, settled=False)]) == 0


def test_of_a_success_there_is_nothing_to_tell_but_that() -> None:
    failed, fenced = row(FAILED), row(SUCCEEDED, settled=False)

    assert but_successes([row(SUCCEEDED), failed, fenced]) == [failed, fenced]
