"""What becomes of a job that somebody has asked to end."""

from __future__ import annotations

import json

import pytest

from verk_actors.events import JobDead, JobFailed, JobFinished
from verk_actors.jobs.registry import Registry
from verk_actors.jobs.run import CancelRequest
from verk_actors.settings.config import Config
from verk_actors.tree.manager.queue.fate import settlement_of
from verk_actors.tree.manager.queue.outcome_events import events_of
from verk_actors.tree.running_job import (
    GIVEN_BACK,
    SUCCEEDED,
    Cancelled,
    Discarded,
    Failed,
    Outcome,
    RunningJob,
    Snoozed,
    Succeeded,
)
from verk_actors.wire.codec import decode, encode
from verk_actors.wire.failure import Failure
from verk_actors.wire.job import Job

NOW = 1_700_000_000.5
BOOM = Failed(failure=Failure(class_name="ValueError", message="boom", backtrace=("a.py:1:in f",)))


def asked(outcome: Outcome, *, heeded: bool = False, **fields: object) -> RunningJob:
    payload = encode(Job(class_="C", args=[1], queue="q", jid="j", **fields), wire_format="sidekiq")  # type: ignore[arg-type]
    row = RunningJob(payload, decode(payload, "q"), started_at=NOW - 1, ended_at=NOW, outcome=outcome)
    row.cancel = CancelRequest(heeded=heeded)
    return row


@pytest.mark.parametrize(
    ("outcome", "heeded", "backtrace"),
    [
        (SUCCEEDED, True, ()),
        (GIVEN_BACK, False, ()),
        (Snoozed(1.0), False, ()),
        (Cancelled(("f.py:1:in g",)), False, ("f.py:1:in g",)),
        (BOOM, False, ("a.py:1:in f",)),
    ],
)
def test_it_is_dead_as_cancelled_with_whatever_retries_it_has(
    outcome: Outcome, heeded: bool, backtrace: tuple[str, ...]
) -> None:
    """Conformance case 226."""
    row = asked(outcome, heeded=heeded)

    settlement = settlement_of(row, "q", Config(), Registry())

    assert (settlement.kind, settlement.score) == ("dead", NOW)
    written = json.loads(settlement.new)
    assert (written["error_class"], written["error_message"]) == ("JobCancelled", "Canceled")
    row.settled = True
    failed, dead = events_of(row, "q", Config(), Registry())
    assert isinstance(failed, JobFailed)
    assert isinstance(dead, JobDead)
    assert (failed.final, failed.backtrace) == (True, backtrace)
    assert (dead.reason, dead.error_message) == ("cancelled", "Canceled")


def test_it_has_succeeded_where_it_did_before_it_noticed() -> None:
    row = asked(SUCCEEDED)
    assert settlement_of(row, "q", Config(), Registry()).kind == "ack"
    row.settled = True
    assert [type(event) for event in events_of(row, "q", Config(), Registry())] == [JobFinished]


def test_what_is_asked_of_it_once_redis_was_told_changes_nothing() -> None:
    """Listeners heard that it was dead while it waited for its retry."""
    row = asked(BOOM)
    row.cancel = None
    assert settlement_of(row, "q", Config(), Registry()).kind == "retry"

    row.cancel, row.settled = CancelRequest(), True

    [failed] = events_of(row, "q", Config(), Registry())
    assert isinstance(failed, JobFailed)
    assert not failed.final


def test_it_is_done_with_where_it_chose_that() -> None:
    assert settlement_of(asked(Discarded("x"), heeded=True), "q", Config(), Registry()).kind == "ack"


def test_it_is_not_kept_where_it_wants_not_to_be_among_the_dead() -> None:
    assert settlement_of(asked(SUCCEEDED, heeded=True, dead=False), "q", Config(), Registry()).kind == "discard"


def test_what_it_returned_is_kept_only_where_it_has_succeeded() -> None:
    returned = Succeeded(b'{"value":1}')
    assert settlement_of(asked(returned, result_for=60.0), "q", Config(), Registry()).effects
    assert settlement_of(asked(returned, heeded=True, result_for=60.0), "q", Config(), Registry()).effects == ()


def test_of_one_that_never_began_the_events_tell_no_time() -> None:
    """Logs and metrics had it that the run took since 1970."""
    row = asked(Cancelled())
    row.started_at = 0.0
    settlement_of(row, "q", Config(), Registry())
    row.settled = True
    [failed, _] = events_of(row, "q", Config(), Registry())
    assert isinstance(failed, JobFailed)
    assert failed.started_at == failed.failed_at == NOW
