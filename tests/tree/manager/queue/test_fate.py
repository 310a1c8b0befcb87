"""What becomes of a job that has ended."""

from __future__ import annotations

import json
import math
from typing import Any

import attrs
import pytest

from verk_actors.jobs.job_class import worker
from verk_actors.jobs.registry import Registry
from verk_actors.settings.config import Config
from verk_actors.store.exchange import Settlement
from verk_actors.tree.manager.queue.fate import settlement_of
from verk_actors.tree.running_job import GIVEN_BACK, SUCCEEDED, Failed, Outcome, RunningJob, Undecodable
from verk_actors.wire.codec import decode, encode
from verk_actors.wire.failure import Failure
from verk_actors.wire.job import Job

NOW = 1_700_000_000.5
BOOM = Failed(failure=Failure(class_name="ValueError", message="boom"))


def ended(outcome: Outcome, wire_format: str = "sidekiq", **fields: object) -> RunningJob:
    job = Job(class_="C", args=[1], queue="q", jid="j", **fields)  # type: ignore[arg-type]
    payload = encode(job, wire_format=wire_format)  # type: ignore[arg-type]
    return RunningJob(payload, decode(payload, "q"), ended_at=NOW, outcome=outcome)


def fate(
    running_job: RunningJob, jitter: float = 0.0, registry: Registry | None = None, **settings: object
) -> Settlement:
    config = Config(**settings)  # type: ignore[arg-type]
    return settlement_of(running_job, "q", config, registry or Registry(), lambda: jitter)


def test_success_is_acknowledged_by_the_exact_bytes() -> None:
    job = ended(SUCCEEDED)
    assert fate(job) == Settlement("ack", job.payload)


def test_a_job_given_back_is_requeued_by_the_exact_bytes() -> None:
    job = ended(GIVEN_BACK)
    assert fate(job) == Settlement("requeue", job.payload)


def test_bytes_that_are_no_job_are_buried_in_an_envelope() -> None:
    settlement = fate(RunningJob(b"\xff", None, ended_at=NOW, outcome=Undecodable("not UTF-8", "j")))
    assert (settlement.kind, settlement.payload, settlement.score) == ("bury", b"\xff", NOW)
    written = json.loads(settlement.new)
    assert (written["error_message"], written["jid"]) == ("not UTF-8", "j")


def test_what_is_too_long_for_an_envelope_is_buried_as_it_is() -> None:
    """In an envelope it would be more than Redis takes, and its queue would try to bury it for ever."""
    payload = bytes(256 * 1024 * 1024 + 1)
    settlement = fate(RunningJob(payload, None, ended_at=NOW, outcome=Undecodable("too long", "j")))
    assert settlement == Settlement("bury", payload, payload, NOW)


@pytest.mark.parametrize(
    ("failures", "jitter", "delay"), [(0, 0.0, 18), (0, 0.999, 76), (1, 0.0, 34), (24, 0.0, 390_666)]
)
def test_a_failure_is_retried_by_verks_curve(failures: int, jitter: float, delay: int) -> None:
    settlement = fate(ended(BOOM, retry_count=failures), jitter)
    assert settlement.kind == "retry"
    assert settlement.score == NOW + delay
    assert json.loads(settlement.new)["retry_count"] == failures  # Sidekiq counts from 0


def test_verks_form_has_whole_scores_and_counts_from_one() -> None:
    settlement = fate(ended(BOOM, "verk", max_retry_count=3))
    assert settlement.score == int(NOW + 18)
    assert json.loads(settlement.new)["retry_count"] == 1


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"max_retry_count": 0}, "dead"),
        ({"max_retry_count": 1}, "retry"),
        ({"max_retry_count": 1, "retry_count": 1}, "dead"),
        ({"max_retry_count": 0, "dead": False}, "discard"),
        ({"retry_count": 24}, "retry"),
        ({"retry_count": 25}, "dead"),
    ],
)
def test_when_retries_are_used_up_a_job_is_buried_or_discarded(fields: dict[str, object], kind: str) -> None:
    assert fate(ended(BOOM, **fields)).kind == kind


def test_in_verks_form_the_last_failure_counts_one_beyond_the_limit() -> None:
    """Conformance case 51."""
    settlement = fate(ended(BOOM, "verk", retry_count=3), max_retry_count=3)

    assert settlement.kind == "dead"
    assert (json.loads(settlement.new)["retry_count"], settlement.score) == (4, int(NOW))


def test_the_configured_limit_holds_for_a_job_without_one() -> None:
    assert fate(ended(BOOM), max_retry_count=0).kind == "dead"


@pytest.mark.parametrize(
    ("options", "fields", "kind"),
    [
        ({"max_retry_count": 0}, {}, "dead"),
        ({"max_retry_count": 0, "dead": False}, {}, "discard"),
        ({"max_retry_count": 1}, {"retry_count": 1}, "dead"),
        ({"max_retry_count": 5}, {"retry_count": 4}, "retry"),
        ({"max_retry_count": 0}, {"max_retry_count": 1}, "retry"),
        ({"max_retry_count": 5, "dead": False}, {"max_retry_count": 0}, "dead"),
        ({"dead": False}, {"retry_count": 3}, "discard"),
        ({}, {"retry_count": 2}, "retry"),
        ({}, {"retry_count": 3}, "dead"),
        ({}, {"retry_count": 3, "dead": False}, "discard"),
    ],
)
def test_the_limit_of_its_class_holds_before_the_nodes_for_a_job_without_one(
    options: dict[str, Any], fields: dict[str, object], kind: str
) -> None:
    registry = Registry()
    worker(name="Other", aliases=["C"], registry=registry, **options)(lambda: None)
    assert fate(ended(BOOM, **fields), registry=registry, max_retry_count=3).kind == kind


@pytest.mark.parametrize(
    ("asked", "score"),
    [
        (NOW + 5, NOW + 5),
        (NOW - 5, NOW),
        (NOW + 1e15, NOW + 10 * 365 * 86_400),
        (math.nan, NOW + 18),
        (math.inf, NOW + 18),
        (-math.inf, NOW + 18),
    ],
)
def test_a_class_chooses_its_retry_within_reason(asked: float, score: float) -> None:
    assert fate(ended(attrs.evolve(BOOM, retry_at=asked))).score == score
