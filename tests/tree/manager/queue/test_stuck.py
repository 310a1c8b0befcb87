"""When jobs that run are looked at, and which of them are told of."""

from __future__ import annotations

import pytest

from verk_actors.running_job import RunningJob
from verk_actors.tree.manager.queue.stuck import newly_stuck, seconds_to_next_look

NOW, LIMIT = 1000.0, 100.0


def running(started_at: float, *, stuck: bool = False) -> RunningJob:
    return RunningJob(b"", None, started_at=started_at, stuck=stuck)


@pytest.mark.parametrize(
    ("jobs", "seconds"),
    [
        ([], 100),
        ([running(990)], 90),
        ([running(990), running(940)], 40),
        ([running(990), running(800, stuck=True)], 90),
        ([running(901)], 10),  # not a look for each job: a tenth of the limit at least
        ([running(1200)], 100),  # the clock went back
        ([running(0)], 100),  # claimed, and not started yet
    ],
)
def test_the_next_look_is_when_the_first_job_can_be_stuck(jobs: list[RunningJob], seconds: float) -> None:
    assert seconds_to_next_look(jobs, NOW, LIMIT) == seconds


def test_a_job_that_nobody_runs_is_not_stuck() -> None:
    assert list(newly_stuck([running(0), running(1)], "q", NOW, LIMIT)) == []
