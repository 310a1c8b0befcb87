from __future__ import annotations

import pytest

from verk_actors.store.members import Malformed, member_of, payload_of
from verk_actors.wire.job import Job

PAYLOAD = b'{"class":"Add","args":[1],"queue":"own"}'


def test_a_payload_is_the_job_it_holds():
    job = member_of(PAYLOAD)

    assert isinstance(job, Job)
    assert (job.class_, job.queue, payload_of(job)) == ("Add", "own", PAYLOAD)


def test_the_queue_in_which_a_job_was_found_wins():
    assert member_of(PAYLOAD, "default").queue == "default"


@pytest.mark.parametrize("payload", [b"", b"5", b"\xff", b"{}", b"[" * 100_000])
def test_bytes_that_are_no_job_are_kept_with_the_reason(payload):
    member = member_of(payload)

    assert isinstance(member, Malformed)
    assert payload_of(member) == payload
    assert member.reason


def test_bytes_stand_for_themselves():
    assert payload_of(b"\xff") == b"\xff"


def test_a_job_that_was_not_read_from_redis_is_not_to_be_found_there():
    with pytest.raises(ValueError, match="read from Redis"):
        payload_of(Job(class_="Add", args=[1]))
