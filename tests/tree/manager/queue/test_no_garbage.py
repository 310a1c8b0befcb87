"""What a job leaves in memory is freed as soon as its end is told: a collection of garbage stops all jobs meanwhile."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest
from support.async_jobs import AsyncKit
from support.eventually import eventually
from support.jobs import JobKit
from support.nodes import running_node
from support.process_jobs import ProcessJobs

from verk_actors.events import JobFinished
from verk_actors.settings.config import Config
from verk_actors.settings.queues import Executor, QueueConfig
from verk_actors.tree.running_job import RunningJob
from verk_actors.tree.running_jobs import RunningJobs
from verk_actors.wire.job import Job


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[weakref.ref[RunningJob]]]:
    """Return what nodes have taken, weakly, while no garbage is collected."""
    taken: list[weakref.ref[RunningJob]] = []
    add = RunningJobs.add

    def add_and_note(table: RunningJobs, job: RunningJob) -> None:
        taken.append(weakref.ref(job))
        add(table, job)

    monkeypatch.setattr(RunningJobs, "add", add_and_note)
    gc.disable()
    yield taken
    gc.enable()


@pytest.mark.parametrize(
    ("executor", "kit", "class_name"),
    [
        ("thread", JobKit(), "Good"),
        ("async", AsyncKit(), "Note"),
        pytest.param("process", ProcessJobs(), "Return", marks=pytest.mark.slow),
    ],
)
def test_a_job_that_has_succeeded_is_freed_without_a_collection_of_garbage(
    config: Config, taken, executor: Executor, kit, class_name: str
) -> None:
    workers = 2
    with running_node(config, kit, queues={"q": QueueConfig(size=workers, executor=executor)}) as node:
        node.client.enqueue_many([Job(queue="q", class_=class_name, args=[n]) for n in range(6)])
        node.log.expect(JobFinished, 6)

        # The process of a worker may hold the job that it had last.
        eventually(lambda: sum(job() is not None for job in taken) <= workers, "the end of the jobs")
