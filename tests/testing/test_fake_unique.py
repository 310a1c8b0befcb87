"""Unique jobs, jobs that expire, repeated enqueues and results in `testing.fake`, as in Redis."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import pytest
from support.app import Fails, Welcome, add, client, end, ran, registry

from verk_actors import testing
from verk_actors.client import Client, Scheduled
from verk_actors.errors import JobNotUnique
from verk_actors.settings.config import Config
from verk_actors.testing import FakeJobs
from verk_actors.wire.job import Job
from verk_actors.wire.results import JobResult


@pytest.fixture
def jobs() -> Iterator[FakeJobs]:
    ran.clear()
    with testing.fake(registry=registry) as jobs:
        yield jobs


def unique(job: Job, until: str = "success", seconds: float = 60) -> Job:
    return attrs.evolve(job, unique_for=seconds, unique_until=until)


def is_free(job: Job) -> bool:
    """Tell whether a job of its token can be enqueued, and enqueue it then."""
    jid = client.enqueue(attrs.evolve(job, jid="another"), on_conflict="return")
    return jid == "another"


def test_a_second_job_of_a_token_is_kept_out_until_the_first_has_succeeded(jobs: FakeJobs) -> None:
    """Conformance case 217, in fake mode."""
    job = unique(Welcome.job("ann"))
    jid = client.enqueue(job)
    with pytest.raises(JobNotUnique) as raised:
        client.enqueue(job)
    assert raised.value.jid == jid
    assert client.enqueue(job, on_conflict="return") == jid
    assert client.enqueue_many([job, Scheduled(job, 5), Welcome.job("bob")])[:2] == [jid, jid]
    jobs.assert_enqueued(Welcome, times=2)
    jobs.drain()
    assert is_free(job)


def test_a_lock_is_kept_while_its_job_is_retried_or_snoozed_and_released_with_its_death(jobs: FakeJobs) -> None:
    """Conformance cases 223 and 225, in fake mode."""
    failing, snoozing = unique(Fails.job(), seconds=1000), unique(end.job("snooze"), seconds=1000)
    client.enqueue_many([failing, snoozing])
    jobs.drain(raises=False)
    assert not is_free(failing)
    assert not is_free(snoozing)
    jobs.advance(60)
    jobs.drain(raises=False)
    jobs.advance(60)
    assert [run.fate for run in jobs.drain(raises=False)] == ["dead"]
    assert is_free(failing)


def test_a_lock_until_the_start_is_free_when_the_job_begins_and_one_until_expiry_when_its_time_is_up(
    jobs: FakeJobs,
) -> None:
    """Conformance cases 219 and 222, in fake mode."""
    until_start, until_expiry = unique(Fails.job(), "start"), unique(Welcome.job("ann"), "expiry")
    client.enqueue_many([until_start, until_expiry])
    jobs.drain(raises=False)
    assert is_free(until_start)
    assert not is_free(until_expiry)
    jobs.advance(60)
    assert is_free(until_expiry)


def test_an_enqueue_that_is_repeated_with_its_jid_and_once_is_one(jobs: FakeJobs) -> None:
    job = attrs.evolve(Welcome.job("ann"), jid="mine")
    assert [client.enqueue(job, once=True, on_conflict="return") for _ in range(2)] == ["mine", "mine"]
    jobs.assert_enqueued(Welcome, times=1)


def test_a_job_that_expired_before_its_run_does_not_run(jobs: FakeJobs) -> None:
    client.enqueue(attrs.evolve(Welcome.job("ann"), expires_in=10))
    jobs.advance(11)
    assert ([run.fate for run in jobs.drain()], ran) == (["expire"], [])


def test_what_a_job_returns_is_kept_for_as_long_as_it_asks(jobs: FakeJobs) -> None:
    jid = client.enqueue(attrs.evolve(add.job(1, 2), result_for=60))
    without = client.enqueue(add.job(1, 2))
    assert jobs.result(jid) is None
    jobs.drain()
    assert jobs.result(jid) == JobResult(3)
    assert jobs.result(without) is None
    jobs.advance(60)
    assert jobs.result(jid) is None


def test_the_namespace_of_a_client_does_not_matter(jobs: FakeJobs) -> None:
    with Client(Config(namespace="app")) as of_app:
        job = unique(Welcome.job("ann"))
        of_app.enqueue(job)
        jobs.drain()
        assert of_app.enqueue(job)
