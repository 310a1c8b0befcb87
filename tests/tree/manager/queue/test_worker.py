"""A worker at the edges: a job class that can't say when, a crash with a job in hand."""

from __future__ import annotations

import pytest
from support.jobs import JobKit
from support.nodes import running_node

from verk_actors.events import JobFailed, JobFinished
from verk_actors.jobs.job_class import JobClass, worker
from verk_actors.otp import NORMAL, Stop
from verk_actors.settings.config import Config
from verk_actors.tree.manager.queue.worker import Worker
from verk_actors.tree.running_job import RunningJob
from verk_actors.wire.job import Job


@pytest.mark.parametrize("answer", [None, "soon", ValueError("no idea")])
def test_a_job_class_that_can_not_say_when_is_retried_by_the_curve(config: Config, caplog, answer: object) -> None:
    kit = JobKit()

    @worker(registry=kit.registry)
    class Unsure(JobClass):
        def perform(self) -> None:
            raise RuntimeError("failed")

        def retry_at(self, failed_at: float, attempt: int) -> float:
            if isinstance(answer, ValueError):
                raise answer
            return answer

    with running_node(config, kit, queues={"q": 1}) as node:
        node.client.enqueue(Job(class_="Unsure", args=[], queue="q"))
        [failed] = node.log.expect(JobFailed)
        [(retry, due_at)] = node.client.retries.range_with_score()

    assert (failed.error_message, retry.retry_count) == ("failed", 1)
    assert 15 <= due_at - failed.failed_at < 80
    assert "Unsure" in caplog.text
    assert "the usual curve is used" in caplog.text


@pytest.mark.logs_errors("crashed: MemoryError")
def test_a_worker_that_crashes_with_a_job_in_hand_fails_it_and_is_replaced(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    perform = Worker._perform

    def crash_once(self: Worker, running_job: RunningJob) -> object:
        if running_job.job.args == ["crash"]:
            raise MemoryError
        return perform(self, running_job)

    monkeypatch.setattr(Worker, "_perform", crash_once)
    with running_node(config, queues={"q": 1}) as node:
        node.client.enqueue(Job(class_="Good", args=["crash"], queue="q"))
        node.client.enqueue(Job(class_="Good", args=["next"], queue="q"))
        [failed] = node.log.expect(JobFailed)
        node.log.expect(JobFinished)

        assert failed.error_class == "WorkerDied"
        assert "MemoryError" in failed.error_message
        assert node.jobs.order == ["next"]
        assert node.client.retries.count() == 1


def test_a_worker_that_ends_normally_with_a_job_in_hand_fails_it_too(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Conformance case 83: where Verk takes the job for done, it is not
    perform = Worker._perform

    def end_once(self: Worker, running_job: RunningJob) -> object:
        if running_job.job.args == ["end"]:
            raise Stop(NORMAL)
        return perform(self, running_job)

    monkeypatch.setattr(Worker, "_perform", end_once)
    with running_node(config, queues={"q": 1}) as node:
        for key in ("end", "next"):
            node.client.enqueue(Job(class_="Good", args=[key], queue="q"))
        [failed] = node.log.expect(JobFailed)
        node.log.expect(JobFinished)
        assert (failed.error_class, node.jobs.order) == ("WorkerDied", ["next"])
