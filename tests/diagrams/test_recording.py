from __future__ import annotations

import pytest

from verk_actors.diagrams.recording import Recording, record
from verk_actors.diagrams.steps import Move, Way


@pytest.fixture(scope="module")
def recording(_server_program: None) -> Recording:
    return record()


def places(way: Way) -> list[str | None]:
    return [step.place for step in way if isinstance(step, Move)]


def test_a_job_that_succeeds_is_in_its_queue_then_in_progress_then_gone(recording: Recording) -> None:
    assert places(recording.job_that_succeeds) == ["queue:default", "inprogress:default:1", None]


def test_a_job_that_fails_comes_back_from_the_retry_set_and_dies(recording: Recording) -> None:
    run = ["queue:default", "inprogress:default:1"]

    assert places(recording.job_that_fails) == [*run, "retry", *run, "dead"]


def test_a_scheduled_job_comes_to_its_queue_through_the_schedule_set(recording: Recording) -> None:
    assert places(recording.job_that_is_scheduled) == ["schedule", "queue:default", "inprogress:default:1", None]
    taken, waiting = ["queue:default", "inprogress:default:1"], "verk:limit:LIMIT:waiting"
    assert places(recording.job_that_waits_for_a_limit) == [*taken, waiting, *taken, None]


def test_a_listener_hears_of_a_jobs_end_after_redis_knows(recording: Recording) -> None:
    texts = [step.text for step in recording.job_that_succeeds]

    assert texts.index("exchange.lua: the job is done") < texts.index("Publish: JobFinished")


def test_each_process_is_below_its_supervisor(recording: Recording) -> None:
    parents = {child.name: parent.name for parent in recording.tree.walk() for child in parent.children}

    assert parents["default.worker_2"] == "default.pool"
    assert parents["default.pool"] == "default.supervisor"
    assert parents["default.supervisor"] == "manager_supervisor"
    assert parents["manager_supervisor"] == "actor_system"


def test_a_second_recording_is_the_same(recording: Recording) -> None:
    assert record() == recording
