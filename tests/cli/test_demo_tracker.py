"""How the demo counts what became of its jobs."""

from __future__ import annotations

import pytest

from verk_actors.cli.demo.tracker import Look, Summary, Tally, Tracker, summarise
from verk_actors.events import JobDead, JobFailed, JobFinished, JobStarted
from verk_actors.messages import Backlog, EventBatch
from verk_actors.otp import ProcessInfo
from verk_actors.wire.codec import encode
from verk_actors.wire.job import Job


def job(jid: str) -> Job:
    """Make a job."""
    return Job(class_="Any", args=[], queue="q", jid=jid)


@pytest.fixture
def tracker():
    """Return a running tracker."""
    ref = Tracker.start()
    yield ref
    ref.stop()


def test_the_tally_knows_who_finished_who_failed_and_who_died(tracker):
    times = {"queue": "q", "started_at": 1.0}
    failure = {"error_class": "E", "error_message": ""}
    events = [
        JobStarted(job=job("a"), **times),
        JobFailed(job=job("a"), failed_at=2.0, **times, **failure),
        JobFinished(job=job("a"), finished_at=3.0, **times),
        JobFailed(job=job("b"), failed_at=2.0, **times, **failure),
        JobDead(job=job("b"), queue="q", died_at=2.0, reason="retries used up", **failure),
    ]

    tracker.tell(EventBatch(events, Backlog()))

    tally = tracker.call(Look())
    assert tally == Tally(finished={"a"}, failed={"a", "b"}, died={"b"})
    assert tally.ended == {"a", "b"}


def test_a_job_that_is_nowhere_is_lost_and_no_other(client):
    enqueued = {"finished", "dead", "retry", "scheduled", "queued", "nowhere"}
    client.dead.add(encode(job("dead"), wire_format="sidekiq"), 1.0)
    client.retries.add(encode(job("retry"), wire_format="sidekiq"), 1.0)
    client.scheduled.add(encode(job("scheduled"), wire_format="sidekiq"), 1.0)
    client.enqueue(job("queued"))

    summary = summarise(enqueued, {"scheduled"}, Tally(finished={"finished"}), client, ProcessInfo(name="r", kind="R"))

    assert summary == Summary(finished=1, retried=0, dead=1, scheduled_ran=0, restarts=0, lost=1)


def test_restarts_are_counted_all_over_the_tree_and_retried_are_those_that_finished(client):
    tree = ProcessInfo(
        name="root", kind="R", children=(ProcessInfo(name="a", kind="A", restarts=2), ProcessInfo(name="b", kind="B"))
    )
    tally = Tally(finished={"a", "b"}, failed={"b", "c"})

    summary = summarise({"a", "b"}, {"a"}, tally, client, tree)

    assert summary == Summary(finished=2, retried=1, dead=0, scheduled_ran=1, restarts=2, lost=0)
