"""When running jobs are looked at next, and what is told of where one is."""

from __future__ import annotations

import pytest

from verk_actors.jobs import registry
from verk_actors.tree.frames import own_frames
from verk_actors.tree.manager.queue.stuck import newly_stuck, seconds_to_next_look
from verk_actors.tree.running_job import RunningJob

OURS = f"{registry.__file__}:1:in find"
JOBS = "/srv/app/jobs.py:7:in perform"
LIBRARY = "/srv/app/library.py:3:in wait"
THREAD = "/usr/lib/python/threading.py:9:in run"


def started(*times: float, stuck: bool = False) -> list[RunningJob]:
    return [RunningJob(b"", None, started_at=at, stuck=stuck) for at in times]


@pytest.mark.parametrize(
    ("running", "seconds"),
    [
        ([], 10.0),
        (started(97.0, 99.0), 7.0),
        (started(100.0), 10.0),
        (started(0.0), 10.0),  # it waits for a worker
        (started(50.0, stuck=True), 10.0),  # it has been told of
        (started(90.5), 1.0),  # half a second, but ten looks within a limit are enough
        (started(50.0), 1.0),
        (started(120.0), 10.0),  # the clock went back
    ],
)
def test_the_next_look_is_when_the_first_job_can_be_stuck(running: list[RunningJob], seconds: float) -> None:
    assert seconds_to_next_look(running, 100.0, 10.0) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("stack", "shown"),
    [
        ([LIBRARY, JOBS, OURS, OURS, THREAD], (LIBRARY, JOBS)),
        ([OURS, OURS, THREAD], (OURS, OURS, THREAD)),
        ([LIBRARY, JOBS], (LIBRARY, JOBS)),
        ([OURS, JOBS, OURS, THREAD, THREAD], (OURS, JOBS)),  # a job that calls us
        ([], ()),
    ],
)
def test_of_a_stack_the_frames_of_the_job_are_shown_and_where_there_are_none_all(
    stack: list[str], shown: tuple[str, ...]
) -> None:
    assert own_frames(stack) == shown


def test_a_job_that_nobody_runs_is_not_stuck() -> None:
    assert list(newly_stuck(started(0.0, 1.0), "q", 100.0, 10.0)) == []
