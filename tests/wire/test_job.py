"""The job as its users make it: checked at once, and frozen."""

from __future__ import annotations

import pickle
from typing import Any

import attrs
import pytest

from verk_actors.errors import InvalidJob
from verk_actors.wire.codec import decode
from verk_actors.wire.job import Job


def test_a_job_needs_no_more_than_a_class_and_arguments() -> None:
    job = Job(class_="ExampleWorker", args=[1, 2])

    assert (job.queue, job.jid, job.max_retry_count, job.retry_count) == (None, None, None, 0)
    assert job.dead
    assert job.attempt == 1
    assert job.wire_format == "sidekiq"


def test_a_tuple_of_arguments_becomes_a_list_of_the_jobs_own() -> None:
    args = [1, 2]

    job = Job(class_="ExampleWorker", args=args)
    args.append(3)

    assert job.args == [1, 2]
    assert Job(class_="ExampleWorker", args=(1, 2)).args == [1, 2]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("class_", ""),
        ("class_", " "),
        ("class_", None),
        ("class_", b"ExampleWorker"),
        ("class_", "Example\nWorker"),
        ("class_", "\ud800"),
        ("args", "abc"),
        ("args", {"a": 1}),
        ("args", None),
        ("queue", ""),
        ("queue", "a:b"),
        ("queue", "default\n"),
        ("queue", "x" * 129),
        ("queue", 5),
        ("jid", ""),
        ("jid", 5),
        ("max_retry_count", -1),
        ("max_retry_count", 2.0),
        ("max_retry_count", True),
        ("max_retry_count", "30"),
        ("retry_count", -1),
        ("retry_count", None),
    ],
)
def test_a_value_that_no_job_can_have_is_refused_by_its_field(field: str, value: Any) -> None:
    with pytest.raises(InvalidJob) as caught:
        Job(**{"class_": "ExampleWorker", "args": [], field: value})

    assert caught.value.field == field
    assert caught.value.value is value


@pytest.mark.parametrize("queue", ["default", "a.b-c_D9", "x" * 128])
def test_a_good_queue_name_is_taken(queue: str) -> None:
    assert Job(class_="ExampleWorker", args=[], queue=queue).queue == queue


def test_a_job_that_was_read_keeps_an_odd_queue_when_it_changes() -> None:
    job = decode(b'{"class":"A","args":[]}', queue="odd queue")

    assert attrs.evolve(job, retry_count=1).queue == "odd queue"


def test_a_job_that_was_read_is_like_one_that_was_made() -> None:
    read = decode(b'{"class":"A","args":[1],"retry":5}', queue="default")
    made = Job(class_="A", args=[1], max_retry_count=5, queue="default")

    assert read == made
    assert attrs.asdict(attrs.evolve(read, payload=None)) == attrs.asdict(made)


def test_the_payload_counts_neither_for_equality_nor_for_show() -> None:
    job = Job(class_="A", args=[])

    assert attrs.evolve(job, payload=b"{}") == job
    assert "payload" not in repr(job)


def test_a_job_is_frozen_and_can_be_pickled() -> None:
    job = decode(b'{"class":"A","args":[1],"tags":["x"]}')

    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        job.queue = "other"  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(job)) == job
