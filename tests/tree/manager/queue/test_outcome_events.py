"""What listeners are told of a job that is settled."""

from __future__ import annotations

import pytest

from verk_actors.events import Event, JobDead, JobFailed, JobFenced, JobFinished, JobMalformed, JobStarted
from verk_actors.jobs.registry import Registry
from verk_actors.settings.config import Config
from verk_actors.tree.manager.queue.outcome_events import events_of, events_of_all
from verk_actors.tree.running_job import GIVEN_BACK, SUCCEEDED, Failed, Outcome, RunningJob, Undecodable
from verk_actors.wire.failure import Failure
from verk_actors.wire.job import Job

FAILED = Failed(failure=Failure(class_name="E", message="m", backtrace=("a:1",)), exception=ValueError("m"))


def told(outcome: Outcome, retries: int = 3, **fields: object) -> list[Event]:
    job = Job(class_="Good", args=[], queue="q", jid="j", max_retry_count=retries)
    row = {"job": job, "started_at": 1.0, "ended_at": 2.0, "settled": True} | fields
    return events_of(RunningJob(payload=b"bytes", outcome=outcome, **row), "q", Config(), Registry())


def test_a_success_is_told_with_its_times() -> None:
    [event] = told(SUCCEEDED)

    assert isinstance(event, JobFinished)
    assert (event.queue, event.job.jid, event.started_at, event.finished_at) == ("q", "j", 1.0, 2.0)


def test_a_failure_is_told_and_the_last_one_as_a_death_too() -> None:
    [failed] = told(FAILED)
    [last, dead] = told(FAILED, retries=0)

    assert isinstance(failed, JobFailed)
    assert not failed.final
    assert (failed.error_class, failed.error_message, failed.backtrace) == ("E", "m", ("a:1",))
    assert (failed.started_at, failed.failed_at, failed.exception) == (1.0, 2.0, FAILED.exception)
    assert isinstance(last, JobFailed)
    assert last.final
    assert isinstance(dead, JobDead)
    assert (dead.died_at, dead.error_class, dead.error_message) == (2.0, "E", "m")


def test_bytes_that_are_no_job_are_told_as_they_are() -> None:
    [event] = told(Undecodable(reason="no JSON", jid="new"), job=None)

    assert isinstance(event, JobMalformed)
    assert (event.payload, event.jid, event.reason) == (b"bytes", "new", "no JSON")


@pytest.mark.parametrize("outcome", [SUCCEEDED, FAILED, GIVEN_BACK])
def test_a_job_that_a_peer_took_is_fenced_if_it_ran_here(outcome: Outcome) -> None:
    [event] = told(outcome, settled=False)

    assert isinstance(event, JobFenced)
    assert event.started_at == 1.0
    assert told(outcome, settled=False, started_at=0.0) == []


def test_of_what_was_given_back_nothing_is_told() -> None:
    assert told(GIVEN_BACK) == []
    assert told(GIVEN_BACK, job=None) == []


def test_each_start_is_told_once_and_before_its_end_even_where_redis_settles_the_job_meanwhile() -> None:
    def running(jid: str, row: type[RunningJob] = RunningJob) -> RunningJob:
        job = Job(class_="Good", args=[], queue="q", jid=jid)
        return row(payload=b"", job=job, started_at=1.0, ended_at=2.0, outcome=SUCCEEDED, settled=True)

    class SettledMeanwhile(RunningJob):
        """Is settled by the QueueManager, on its thread, after the first look at it."""

        @property
        def settled(self) -> bool | None:  # type: ignore[override]
            looks.append(self)
            return None if len(looks) == 1 else True

        @settled.setter
        def settled(self, _: bool | None) -> None: ...

    looks: list[RunningJob] = []
    started = [running("a"), running("b", SettledMeanwhile), running("c")]
    told = events_of_all(started, [started[0]], "q", Config(), Registry())

    starts = (JobStarted, "a"), (JobFinished, "a"), (JobStarted, "b"), (JobStarted, "c")
    assert [(type(event), event.job.jid) for event in told if isinstance(event, JobStarted | JobFinished)] == [*starts]
