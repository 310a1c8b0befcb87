"""Payloads that real peers wrote: read, written back, and changed into what the peers made of them."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from verk_actors.wire.bookkeeping import enqueued, failed
from verk_actors.wire.codec import decode, encode
from verk_actors.wire.failure import Failure
from verk_actors.wire.job import Job
from verk_actors.wire.splice import splice

GOLDEN = Path(__file__).parent / "golden"
PEERS = ["verk_1.7.3", "sidekiq_6.4.1", "exq_0.23.0", "cross_checks"]
VERK_KEYS = ["args", "class", "created_at", "enqueued_at", "error_backtrace", "error_message", "failed_at"]
VERK_KEYS += ["finished_at", "jid", "max_retry_count", "queue", "retried_at", "retry_count"]


def payloads(peer: str) -> list[bytes]:
    """Returns the payloads in the order in which they were found, each once."""
    lines = (GOLDEN / f"{peer}.txt").read_bytes().splitlines()
    return list(dict.fromkeys(line for line in lines if not line.startswith(b"#")))


def steps(peer: str) -> list[tuple[bytes, bytes]]:
    """Returns each payload that changed with what it became, for jobs found more than once."""
    by_jid: dict[str, list[bytes]] = defaultdict(list)
    for payload in payloads(peer):
        by_jid[json.loads(payload)["jid"]].append(payload)
    return [step for found in by_jid.values() for step in itertools.pairwise(found)]


def seen_failure(fields: dict[str, Any]) -> tuple[Failure, float]:
    """Returns how and when a job failed last, as its payload tells."""
    lines = (fields.get("error_backtrace") or "").removesuffix("\n").split("\n")
    error = Failure(
        class_name=fields.get("error_class", ""),
        message=fields["error_message"],
        backtrace=tuple(line for line in lines if line),
    )
    return error, fields.get("retried_at") or fields["failed_at"]


ALL = [payload for peer in PEERS for payload in payloads(peer)]


@pytest.mark.parametrize("payload", ALL)
def test_every_peers_payload_is_read_and_kept(payload: bytes) -> None:
    fields = json.loads(payload)

    job = decode(payload)

    assert job.payload == payload
    assert (job.class_, job.jid, job.queue) == (fields["class"], fields["jid"], fields["queue"])
    assert job.wire_format == ("verk" if isinstance(fields["args"], str) else "sidekiq")
    assert splice(payload, {}) == payload


@pytest.mark.parametrize("payload", payloads("verk_1.7.3"))
def test_a_payload_of_verk_is_written_back_byte_for_byte(payload: bytes) -> None:
    """Verk's mover writes keys in a random order; those payloads come back in Verk's own."""
    fields = json.loads(payload)
    in_order = {key: fields[key] for key in VERK_KEYS}

    assert encode(decode(payload)).decode() == json.dumps(in_order, separators=(",", ":"), ensure_ascii=False)


@pytest.mark.parametrize("payload", payloads("sidekiq_6.4.1"))
def test_a_payload_of_sidekiq_is_written_back_with_the_same_keys_and_values(payload: bytes) -> None:
    """Sidekiq's own order differs from call to call: perform_in writes class before args, as we do."""
    assert json.loads(encode(decode(payload))) == json.loads(payload)


def test_a_payload_of_sidekiqs_perform_in_is_written_back_byte_for_byte() -> None:
    payload = payloads("sidekiq_6.4.1")[1]

    assert b'"class":"NoOpWorker","args":[42]' in payload
    assert encode(decode(payload)) == payload


FAILURES = [step for step in steps("verk_1.7.3") if json.loads(step[1])["failed_at"] is not None]


def test_the_dumps_hold_first_and_second_failures_of_verk() -> None:
    assert sorted(json.loads(after)["retry_count"] for _, after in FAILURES) == [1, 1, 1, 2, 2]


@pytest.mark.parametrize(("before", "after"), FAILURES)
def test_a_failure_leaves_the_bytes_that_verk_left(before: bytes, after: bytes) -> None:
    error, now = seen_failure(json.loads(after))

    assert failed(decode(before), error=error, now=now) == after


@pytest.mark.parametrize(("before", "after"), FAILURES)
def test_a_failure_in_the_middle_of_a_second_is_noted_in_whole_seconds_as_verk_does(
    before: bytes, after: bytes
) -> None:
    error, now = seen_failure(json.loads(after))

    assert failed(decode(before), error=error, now=now + 0.9) == after


def test_the_dumps_hold_failures_and_a_due_job_of_sidekiq() -> None:
    assert len(steps("sidekiq_6.4.1")) == 6


@pytest.mark.parametrize(("before", "after"), steps("sidekiq_6.4.1"))
def test_due_and_failed_jobs_have_the_bytes_that_sidekiq_left(before: bytes, after: bytes) -> None:
    fields = json.loads(after)
    payload = before
    if fields["enqueued_at"] != json.loads(before).get("enqueued_at"):  # it came from retry or schedule
        payload = enqueued(decode(payload), now=fields["enqueued_at"])
    if "failed_at" in fields:
        error, now = seen_failure(fields)
        payload = failed(decode(payload), error=error, now=now)

    assert payload == after


def test_a_due_job_of_verk_differs_from_verks_own_only_in_the_order_of_keys() -> None:
    before, after = next(step for step in steps("verk_1.7.3") if json.loads(step[1])["queue"] == "other")

    assert json.loads(enqueued(decode(before), now=1795310528.7)) == json.loads(after)


def test_arguments_that_verks_mover_emptied_into_an_object_are_read_as_none() -> None:
    damaged = next(payload for payload in payloads("cross_checks") if b'"args":{}' in payload)

    assert decode(damaged).args == []


def test_a_job_with_nothing_but_its_class_has_verks_nulls() -> None:
    """Conformance case 19, the bytes of which Verk's own test has; there the class is null, too."""
    assert encode(Job(class_="A", args=[]), wire_format="verk") == (
        b'{"args":"[]","class":"A","created_at":null,"enqueued_at":null,"error_backtrace":null,"error_message":null,'
        b'"failed_at":null,"finished_at":null,"jid":null,"max_retry_count":null,"queue":null,"retried_at":null,'
        b'"retry_count":0}'
    )
