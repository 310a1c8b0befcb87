"""Typed arguments from end to end: each executor, a failure that says what does not fit, and a retry."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from support.nodes import running_node
from support.typed_jobs import TypedJobs, Visit

from verk_actors.events import JobFailed, JobFinished
from verk_actors.settings.config import Config
from verk_actors.settings.queues import Executor, QueueConfig
from verk_actors.wire.job import Job


@pytest.mark.parametrize("executor", ["thread", "async", pytest.param("process", marks=pytest.mark.slow)])
def test_a_job_takes_and_gets_real_types_in_each_executor(config: Config, executor: Executor) -> None:
    jobs: Any = TypedJobs()
    with running_node(config, jobs, queues={"q": QueueConfig(size=1, executor=executor)}) as node:
        build = jobs.note_async if executor == "async" else jobs.note
        node.client.enqueue(build.with_options(queue="q").job(visit := Visit.of("a")))
        node.log.expect(JobFinished, 1)
        node.client.enqueue(Job(class_=build.with_options().class_, args=[{"guest": 5}], queue="q"))
        [failed] = node.log.expect(JobFailed, 1)
        [retry] = node.client.retries.range()

    assert failed.error_class == "InvalidArgument"
    assert failed.error_message.endswith(
        "its argument visit is a dict that can't be read as Visit: "
        "invalid value for type, expected str at .guest; required field missing at .at"
    )
    assert retry.args == [{"guest": 5}]
    if executor != "process":
        assert jobs.seen == [visit]


@pytest.mark.parametrize("executor", ["thread", pytest.param("process", marks=pytest.mark.slow)])
def test_a_node_that_is_strict_fails_jobs_with_keys_that_their_class_does_not_know(
    config: Config, executor: Executor
) -> None:
    """Spec 1.2: `args_keys` holds for each decode of the node that it is set in."""
    jobs: Any = TypedJobs()
    config = attrs.evolve(config, args_keys="strict")
    with running_node(config, jobs, queues={"q": QueueConfig(size=1, executor=executor)}) as node:
        args = [*jobs.note.job(Visit.of("a")).args]
        args[0]["secret"] = 1
        node.client.enqueue(Job(class_="note", args=args, queue="q"))
        [failed] = node.log.expect(JobFailed, 1)

    assert "extra fields found (secret)" in failed.error_message
    assert jobs.seen == []
