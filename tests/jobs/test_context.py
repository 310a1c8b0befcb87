"""The current job: seen by the code that runs in it, and by no other."""

from __future__ import annotations

from contextvars import ContextVar

import pytest

from verk_actors.jobs.context import CurrentJob, current_job, running
from verk_actors.jobs.endings import JobCancelled
from verk_actors.wire.job import Job

request_id: ContextVar[str] = ContextVar("request_id", default="none")


@pytest.fixture
def handle() -> CurrentJob:
    return CurrentJob(Job(class_="Any", args=[], retry_count=2))


def test_outside_a_job_there_is_no_current_job() -> None:
    assert current_job() is None


def test_the_current_job_is_the_one_that_runs(handle: CurrentJob) -> None:
    assert running(handle, current_job) is handle
    assert current_job() is None


def test_the_current_job_is_none_again_after_a_job_that_raised(handle: CurrentJob) -> None:
    with pytest.raises(SystemExit):
        running(handle, exit)

    assert current_job() is None


def test_arguments_and_result_pass_through(handle: CurrentJob) -> None:
    assert running(handle, pow, 2, 5) == 32


def test_what_a_job_sets_in_its_context_is_gone_in_the_next(handle: CurrentJob) -> None:
    running(handle, request_id.set, "first")

    assert running(handle, request_id.get) == "none"


def test_a_job_within_a_job_hides_the_outer_one_while_it_runs(handle: CurrentJob) -> None:
    inner = CurrentJob(Job(class_="Inner", args=[]))

    def outer() -> tuple[CurrentJob | None, CurrentJob | None]:
        return running(inner, current_job), current_job()

    assert running(handle, outer) == (inner, handle)


def test_the_attempt_is_the_number_of_this_run_from_one(handle: CurrentJob) -> None:
    assert handle.attempt == 3


def test_a_run_hears_of_its_cancellation(handle: CurrentJob) -> None:
    assert not handle.cancelled

    handle.cancel()

    assert running(handle, lambda: current_job() is handle and handle.cancelled)


def test_a_run_may_have_itself_ended_where_it_is_cancelled(handle: CurrentJob) -> None:
    handle.check_cancelled()
    assert not handle.heeded

    handle.cancel()
    handle.cancel()

    assert not handle.heeded
    with pytest.raises(JobCancelled, match="Canceled"):
        handle.check_cancelled()
    assert handle.heeded
