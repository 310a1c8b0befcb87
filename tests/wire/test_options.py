"""What few jobs ask for, written and read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from verk_actors.wire.codec import decode, encode
from verk_actors.wire.job import Job

ASKED: dict[str, Any] = {
    "unique_for": 60,
    "unique_until": "start",
    "unique_token": "t",
    "unlocks_at": 1_700_000_060.25,
    "expires_in": 2.5,
    "expires_at": 1_700_000_002.75,
    "retry_for": 86_400,
    "result_for": 5,
}


@pytest.mark.parametrize("wire_format", ["sidekiq", "verk"])
def test_they_come_back_and_leave_nothing_in_extra(wire_format: Any) -> None:
    job = decode(encode(Job(class_="C", args=[], **ASKED), wire_format=wire_format))

    assert {key: getattr(job, key) for key in ASKED} == ASKED
    assert job.extra == {}


def test_numbers_are_written_as_they_are_given() -> None:
    fields = json.loads(encode(Job(class_="C", args=[], **ASKED)))

    assert {key: fields[key] for key in ("unique_for", "expires_in", "expiry", "retry_for", "result_for")} == {
        "unique_for": 60,
        "expires_in": 2.5,
        "expiry": 1_700_000_002.75,
        "retry_for": 86_400,
        "result_for": 5,
    }


def test_an_exq_job_is_read_with_its_lock() -> None:
    payload = (
        b'{"args":[1],"class":"W","enqueued_at":1700000000.5,"jid":"a-b","queue":"q","retry":25,"unique_for":100,'
        b'"unique_token":"tok","unique_until":"success","unlocks_at":1700000100.5}'
    )

    job = decode(payload)

    assert (job.unique_for, job.unique_token, job.unique_until, job.unlocks_at) == (100, "tok", "success", 1700000100.5)


@pytest.mark.parametrize("value", [None, True, -1, 0, "60", [], {}, 1e300, 10**400])
def test_what_makes_no_sense_counts_as_not_asked_for(value: Any) -> None:
    keys = ("unique_for", "expires_in", "retry_for", "result_for")
    job = decode(json.dumps({"class": "C", "args": []} | dict.fromkeys(keys, value)).encode())

    assert [getattr(job, key) for key in keys] == [None] * 4


@pytest.mark.parametrize("value", [None, 1, "until", [], {}])
def test_an_odd_condition_is_success(value: Any) -> None:
    job = decode(json.dumps({"class": "C", "args": [], "unique_for": 1, "unique_until": value}).encode())

    assert (job.unique_until, job.unique_token) == ("success", None)
