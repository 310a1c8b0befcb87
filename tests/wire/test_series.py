"""Jobs that are encoded in series have the bytes that each would have alone."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from verk_actors.wire.codec import decode, encode
from verk_actors.wire.jid import new_jid
from verk_actors.wire.job import Job
from verk_actors.wire.series import Series

NOW = 1_700_000_000.25
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(["C", 'a"args":[]', "Foo::Bar", "é", "0" * 24])
JOBS = st.builds(
    Job,
    class_=NAMES,
    args=st.lists(VALUES, max_size=3),
    queue=st.sampled_from([None, "q", "0" * 24]),
    max_retry_count=st.sampled_from([None, 0, 3]),
    dead=st.booleans(),
    retry_for=st.sampled_from([None, None, 5]),
    extra=st.sampled_from([{}, {}, {"tags": ["x"]}]),
)


def completed(job: Job, jid: str) -> Job:
    return attrs.evolve(job, jid=jid, queue=job.queue or "default", created_at=NOW, enqueued_at=NOW)


@given(st.lists(JOBS, max_size=5))
def test_each_is_as_if_it_were_alone_or_is_left_to_that(jobs: list[Job]) -> None:
    series = Series(NOW)
    for job in jobs:
        jid = new_jid()
        payload = series.encode(job, jid)
        is_plain = job.dead and not job.extra and job.retry_for is None
        try:
            alone = encode(completed(job, jid))
        except ValueError:
            alone = None
        assert payload == (alone if is_plain else None)


@pytest.mark.parametrize(
    "options",
    [{"jid": "mine"}, {"created_at": 1.0}, {"retry_count": 1}, {"unique_for": 5}, {"expires_in": 5}, {"result_for": 5}],
)
def test_what_differs_in_more_than_arguments_and_id_is_left_out(options: dict[str, Any]) -> None:
    assert Series(NOW).encode(Job(class_="C", args=[], **options), new_jid()) is None


def test_arguments_that_cannot_be_written_are_left_to_who_can_say_where() -> None:
    assert Series(NOW).encode(Job(class_="C", args=[float("nan")]), new_jid()) is None


def test_tuples_are_written_as_lists() -> None:
    payload = Series(NOW).encode(Job(class_="C", args=[(1, 2)]), "0" * 24)
    assert payload is not None
    assert decode(payload).args == [[1, 2]]


def test_a_job_that_was_read_is_left_to_be_encoded_by_itself() -> None:
    assert Series(1.0).encode(decode(b'{"class": "A", "args": []}'), "j") is None
