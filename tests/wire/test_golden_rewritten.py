"""Payloads of real peers, as we write them when the job fails or comes to its queue: what is not ours stays.

Conformance 2.6: unknown keys, numbers and the order of keys survive, whoever wrote them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from verk_actors.wire.bookkeeping import Failure, enqueued, failed
from verk_actors.wire.codec import decode

GOLDEN = Path(__file__).parent / "golden"
ALL = sorted({line for file in GOLDEN.glob("*.txt") for line in file.read_bytes().splitlines() if line[:1] == b"{"})
EXQ = [line for line in (GOLDEN / "exq_0.23.0.txt").read_bytes().splitlines() if line[:1] == b"{"]
OURS = {"error_class", "error_message", "error_backtrace", "failed_at", "retried_at", "retry_count", "enqueued_at"}
FAILURE = Failure(class_name="E", message="m", backtrace=("a.py:1:in f",))


def members(payload: bytes) -> list[tuple[str, Any]]:
    """Return the keys that we don't keep, in order, with their values, numbers as they are spelled."""
    found: dict[str, Any] = json.loads(payload, parse_int=str, parse_float=str)
    return [(key, value) for key, value in found.items() if key not in OURS]


@pytest.mark.parametrize("payload", ALL)
def test_a_failure_and_a_retry_change_nothing_else(payload: bytes) -> None:
    now = payload
    for run in range(3):
        job = decode(now)
        now = enqueued(decode(failed(job, error=FAILURE, now=1.5 + run)), now=2.5 + run)
        assert decode(now).attempt == job.attempt + 1

    added = members(now)[len(members(payload)) :]
    assert members(now)[: len(members(payload))] == members(payload)
    assert {key for key, _ in added} <= {"retry", "queue", "jid"}  # of those that Sidekiq's form needs


@pytest.mark.parametrize("payload", EXQ)
def test_a_job_of_exq_keeps_its_limit_of_retries_and_its_arguments(payload: bytes) -> None:
    fields, job = json.loads(payload), decode(payload)

    assert (job.args, job.max_retry_count, job.jid) == (fields["args"], fields["retry"], fields["jid"])
    assert (job.enqueued_at, job.failed_at) == (fields["enqueued_at"], fields.get("failed_at"))
    assert job.extra == {key: fields[key] for key in ("processor",) if key in fields}
