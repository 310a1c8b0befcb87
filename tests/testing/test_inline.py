"""`testing.inline`: a job runs within the call that enqueues it. Conformance case 258."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from support.app import Fails, Welcome, client, end, on_loop, ran, registry, sign_up

from verk_actors import testing
from verk_actors.errors import InvalidArgument
from verk_actors.testing import FakeJobs
from verk_actors.wire.job import Job


@pytest.fixture
def jobs() -> Iterator[FakeJobs]:
    ran.clear()
    with testing.inline(registry=registry) as jobs:
        yield jobs


def test_jobs_run_in_the_caller_at_once_whenever_they_are_due_and_the_jid_is_returned(jobs: FakeJobs) -> None:
    """Conformance case 258: for enqueue, at, in and all; a jid that was given is kept."""
    assert client.enqueue(Job(class_="Welcome", args=["a"], jid="mine")) == "mine"
    assert len(client.schedule(Welcome.job("b"), 60)) == 24
    client.schedule(Welcome.job("c"), datetime(2100, 1, 1, tzinfo=UTC))
    assert len(client.enqueue_many([Welcome.job("d"), Welcome.job("e")])) == 2
    assert ran == [(name, None) for name in "abcde"]
    assert (jobs.queue("mail"), jobs.scheduled) == ([], [])
    jobs.assert_enqueued(Welcome, times=5)


def test_jobs_that_a_job_enqueues_run_within_it(jobs: FakeJobs) -> None:
    client.enqueue(sign_up.job("ann"))
    client.enqueue(on_loop.job("bob"))
    assert ran == ["sign up ann", ("ann", None), ("ann again", None), "bob", ("bob", None)]
    assert [run.job.class_ for run in jobs.runs] == ["Welcome", "Welcome", "sign_up", "Welcome", "on_loop"]


def test_what_a_job_raises_comes_out_of_the_enqueue_and_the_job_waits_for_its_retry(jobs: FakeJobs) -> None:
    with pytest.raises(ValueError, match="attempt 1"):
        client.enqueue(Fails.job())
    assert [job.error_message for job in jobs.retries] == ["attempt 1"]
    with pytest.raises(InvalidArgument, match="its argument at is a int"):
        client.enqueue(Job(class_="Welcome", args=["ann", 5]))


def test_a_job_that_chooses_its_end_raises_nothing_unless_it_is_killed(jobs: FakeJobs) -> None:
    client.enqueue(end.job("snooze"))
    client.enqueue(end.job("discard"))
    with pytest.raises(Exception, match="no use"):
        client.enqueue(end.job("kill"))
    assert [run.fate for run in jobs.runs] == ["snooze", "ack", "dead"]
