"""The lines about a job's life."""

from __future__ import annotations

import logging

import pytest

from verk_actors.events import Event, JobFailed, JobFinished, JobStarted
from verk_actors.logs.job_log import JobLog
from verk_actors.settings.config import Config
from verk_actors.wire.job import Job

JOB = Job(class_="Add", args=[1], queue="q", jid="7")


def failed_after(seconds: float) -> JobFailed:
    return JobFailed(
        queue="q", job=JOB, started_at=100.0, failed_at=100.0 + seconds, error_class="E", error_message="m",
        backtrace=(), final=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (JobStarted(queue="q", job=JOB, started_at=100.0), "Add 7 start"),
        (JobFinished(queue="q", job=JOB, started_at=100.0, finished_at=100.25), "Add 7 done: 250 ms"),
        (JobFinished(queue="q", job=JOB, started_at=100.0, finished_at=100.9375), "Add 7 done: 938 ms"),
        (JobFinished(queue="q", job=JOB, started_at=0.0, finished_at=0.9999), "Add 7 done: 999 ms"),
        (JobFinished(queue="q", job=JOB, started_at=100.0, finished_at=101.0), "Add 7 done: 1 s"),
        (JobFinished(queue="q", job=JOB, started_at=100.0, finished_at=3700.0), "Add 7 done: 3600 s"),
        (failed_after(0.5), "Add 7 fail: 500 ms, attempt 1 in queue q, E: m"),
        (failed_after(2.0), "Add 7 fail: 2 s, attempt 1 in queue q, E: m"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_lines_of_a_job_are_those_of_verk(event: Event, line: str, caplog: pytest.LogCaptureFixture) -> None:
    """Cases 169 to 171: a start, and how long a run took, in ms below a second and in s from there."""
    with caplog.at_level(logging.INFO, "verk_actors.job_log"):
        assert JobLog(Config()).write(event)

    assert caplog.messages == [line]
