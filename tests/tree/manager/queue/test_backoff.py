"""When a failed job runs again, where a function says so; in threads, in processes and on an event loop."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from support.ending_jobs import ASYNC, PLAIN, EndingJobs
from support.jobs import JobKit
from support.middlewares import first_to_be_asked
from support.nodes import running_node

from verk_actors.events import JobFailed
from verk_actors.jobs.job_class import JobClass, worker
from verk_actors.settings.config import Config
from verk_actors.settings.queues import Executor, QueueConfig
from verk_actors.wire.failure import Failure
from verk_actors.wire.job import Job

HOUR = 3600.0
SLACK = 60.0  # between the answer and the end of the run a busy machine may take a while


@pytest.mark.parametrize("executor", ["thread", pytest.param("process", marks=pytest.mark.slow), "async"])
def test_the_backoff_of_a_node_is_told_how_the_run_failed_whatever_ran_it(
    config: Config, executor: Executor, tmp_path: Path
) -> None:
    asked: list[tuple[int, Failure]] = []

    def backoff(attempt: int, failure: Failure) -> float:
        asked.append((attempt, failure))
        return HOUR * attempt

    jobs, queues = EndingJobs(ASYNC if executor == "async" else PLAIN), {"q": QueueConfig(size=1, executor=executor)}
    with running_node(config, jobs, queues=queues, backoff=backoff) as node:  # type: ignore[arg-type]
        node.client.enqueue(
            Job(class_="Write", args=["fail", str(tmp_path / "file")], queue="q", retry_count=1, failed_at=1.0)
        )
        [failed] = node.log.expect(JobFailed)
        [(_, due_at)] = node.client.retries.range_with_score()

    [(attempt, failure)] = asked
    assert (attempt, failure.class_name, failure.message) == (2, "ValueError", "as told")
    assert failure.backtrace == failed.backtrace
    assert math.isclose(due_at - failed.failed_at, 2 * HOUR, abs_tol=SLACK)


def due(config: Config, kit: JobKit, **settings: object) -> float:
    """Have a job of the class `Fails` fail, and return after how many seconds it is due again."""
    with running_node(config, kit, queues={"q": 1}, **settings) as node:
        node.client.retries.clear()
        node.look_for_due()  # and so not while the retry is there
        node.client.enqueue(Job(class_="Fails", args=[], queue="q"))
        [failed] = node.log.expect(JobFailed)
        [(_, due_at)] = node.client.retries.range_with_score()
    return due_at - failed.failed_at


def test_a_class_says_it_before_its_node_and_its_retry_at_before_its_backoff(config: Config) -> None:
    kit, other = JobKit(), JobKit()

    @worker(registry=kit.registry, backoff=lambda attempt, failure: 2 * HOUR)
    def Fails() -> None:
        raise ValueError

    @worker(registry=other.registry, name="Fails", backoff=lambda attempt, failure: 2 * HOUR)
    class FailsToo(JobClass):
        def perform(self) -> None:
            raise ValueError

        def retry_at(self, failed_at: float, attempt: int) -> float:
            return failed_at + 3 * HOUR

    assert math.isclose(due(config, kit, backoff=first_to_be_asked), 2 * HOUR, abs_tol=SLACK)
    assert math.isclose(due(config, other, backoff="support.middlewares:first_to_be_asked"), 3 * HOUR, abs_tol=SLACK)


@pytest.mark.parametrize("answer", [ValueError("no idea"), SystemExit(), "soon", None, 10**400])
def test_the_usual_curve_serves_where_a_backoff_can_not_say(config: Config, answer: object, caplog) -> None:
    kit = JobKit()

    def backoff(attempt: int, failure: Failure) -> float:
        if isinstance(answer, BaseException):
            raise answer
        return answer  # type: ignore[return-value]

    @worker(registry=kit.registry, backoff=backoff)
    def Fails() -> None:
        raise ValueError

    assert 15 <= due(config, kit) < 80
    assert "backoff raised" in caplog.text
    assert "the usual curve is used" in caplog.text


@pytest.mark.parametrize(("answer", "seconds"), [(-5.0, 0), (1e300, 10 * 365 * 86_400), (math.inf, None)])
def test_what_a_backoff_says_is_kept_within_reason(config: Config, answer: float, seconds: float | None) -> None:
    kit = JobKit()

    @worker(registry=kit.registry, backoff=lambda attempt, failure: answer)
    def Fails() -> None:
        raise ValueError

    delay = due(config, kit, poll_interval_seconds=60.0)  # so that what is due at once can be seen
    assert 15 <= delay < 80 if seconds is None else math.isclose(delay, seconds, abs_tol=1)
