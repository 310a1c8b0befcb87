"""Reading jobs whoever wrote them, refusing what is none, and writing them in both forms."""

from __future__ import annotations

import datetime
import json
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from verk_actors.errors import InvalidJob, MalformedJob
from verk_actors.wire.codec import decode, encode
from verk_actors.wire.job import MAX_COUNT, Job, WireFormat

TEXTS = st.text(st.characters(codec="utf-8"))
NAMES = st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), min_size=1)
QUEUES = st.text("abzABZ019_.-", min_size=1, max_size=20)
ARGS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda values: st.lists(values, max_size=4) | st.dictionaries(TEXTS, values, max_size=4),
    max_leaves=10,
)
TIMES = st.none() | st.floats(0, 1e10)
OPTIONS = st.dictionaries(st.sampled_from(["tags", "bid", "wrapped", "é", "at", "payload"]), ARGS, max_size=3)


def jobs(times: st.SearchStrategy[float | None], wire_format: WireFormat) -> st.SearchStrategy[Job]:
    return st.builds(
        Job,
        class_=NAMES,
        args=st.lists(ARGS, max_size=4),
        queue=st.none() | QUEUES,
        jid=st.none() | NAMES,
        max_retry_count=st.none() | st.integers(0, 1000),
        retry_count=st.integers(0, 1000),
        dead=st.booleans(),
        created_at=times,
        enqueued_at=times,
        failed_at=times,
        retried_at=times,
        finished_at=times,
        error_class=st.none() | TEXTS,
        error_message=st.none() | TEXTS,
        error_backtrace=st.none() | st.lists(st.from_regex(r"[a-z.]+:\d+", fullmatch=True)).map(tuple),
        extra=OPTIONS,
        wire_format=st.just(wire_format),
    )


@given(jobs(TIMES, "sidekiq"))
def test_a_job_comes_back_from_sidekiqs_form(job: Job) -> None:
    payload = encode(job)

    assert decode(payload) == job
    assert decode(payload).payload == payload


@given(jobs(st.none() | st.integers(0, 10**10).map(float), "verk"))
def test_a_job_comes_back_from_verks_form(job: Job) -> None:
    assert decode(encode(job)) == job


@given(jobs(TIMES, "sidekiq"))
def test_whole_times_have_a_decimal_point_in_sidekiqs_form(job: Job) -> None:
    fields = json.loads(encode(attrs.evolve(job, created_at=1700000000, extra={})))

    assert b'"created_at":1700000000.0' in encode(attrs.evolve(job, created_at=1700000000, extra={}))
    assert all(isinstance(fields[key], float) for key in fields if key.endswith("_at"))


def test_sidekiqs_form_has_sidekiqs_keys_in_its_order() -> None:
    job = Job(class_="NoOpWorker", args=[42], queue="default", jid="36", created_at=1.5, enqueued_at=2.0)

    assert encode(job) == (
        b'{"retry":true,"queue":"default","class":"NoOpWorker","args":[42],"jid":"36",'
        b'"created_at":1.5,"enqueued_at":2.0}'
    )


def test_verks_form_always_has_its_13_keys() -> None:
    job = Job(class_="ExampleWorker", args=[1, "é", {"b": 2, "a": []}], queue="default", jid="1", enqueued_at=2.9)

    assert encode(job, wire_format="verk").decode() == (
        r'{"args":"[1,\"é\",{\"b\":2,\"a\":[]}]","class":"ExampleWorker","created_at":null,"enqueued_at":2,'
        r'"error_backtrace":null,"error_message":null,"failed_at":null,"finished_at":null,"jid":"1",'
        r'"max_retry_count":null,"queue":"default","retried_at":null,"retry_count":0}'
    )


@pytest.mark.parametrize(
    ("fields", "max_retry_count", "dead", "written"),
    [
        ({}, None, True, "true"),
        ({"retry": None}, None, True, "true"),
        ({"retry": True}, None, True, "true"),
        ({"retry": 5}, 5, True, "5"),
        ({"retry": 0}, 0, True, "0"),
        ({"retry": -1}, 0, True, "0"),
        ({"retry": False}, 0, False, "false"),
        ({"retry": 5, "dead": False}, 5, False, '5,"dead":false'),
        ({"retry": 0, "dead": False}, 0, False, "false"),
        ({"max_retry_count": 7}, 7, True, "7"),
        ({"retry": 5, "max_retry_count": 7}, 5, True, "5"),
        ({"retry": True, "max_retry_count": 7, "args": "[]"}, 7, True, "7"),
        ({"retry": 5, "max_retry_count": None, "args": "[]"}, 5, True, "5"),
        ({"retry": False, "max_retry_count": None, "args": "[]"}, 0, False, "false"),
    ],
)
def test_retry_tells_how_often_and_whether_to_bury(
    fields: dict[str, Any], max_retry_count: int | None, dead: bool, written: str
) -> None:
    job = decode(json.dumps({"class": "A", "args": [], **fields}).encode())

    assert (job.max_retry_count, job.dead) == (max_retry_count, dead)
    assert encode(job, wire_format="sidekiq").decode() == (
        f'{{"retry":{written.partition(",")[0]},"class":"A","args":[]'
        + (',"dead":false}' if "dead" in written else "}")
    )


@pytest.mark.parametrize(
    ("fields", "retry_count"),
    [
        ({"args": []}, 0),
        ({"args": [], "retry_count": None}, 0),
        ({"args": [], "retry_count": -1}, 0),
        ({"args": [], "retry_count": -2}, 0),
        ({"args": [], "retry_count": 0}, 1),
        ({"args": [], "retry_count": 24}, 25),
        ({"args": "[]"}, 0),
        ({"args": "[]", "retry_count": 0}, 0),
        ({"args": "[]", "retry_count": 1}, 1),
    ],
)
def test_failed_runs_are_counted_alike_in_both_forms(fields: dict[str, Any], retry_count: int) -> None:
    job = decode(json.dumps({"class": "A", **fields}).encode())

    assert job.retry_count == retry_count
    assert job.attempt == retry_count + 1


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("1700000000.25", 1700000000.25),
        ("1700000000", 1700000000.0),
        ("1700000000250", 1700000000.25),
        ("1.70000000025e12", 1700000000.25),
        ("0", 0.0),
        ("99999999999", 99_999_999_999.0),
        ("100000000000", 100_000_000.0),
        ("1000000000000000", 1_000_000_000_000.0),
        ("1000000000000001", None),
        ("null", None),
        ('"2026-11-22T01:31:33Z"', None),
        ("true", None),
        ("-5", None),
        ("1" + "0" * 400, None),
    ],
)
def test_a_time_is_read_in_any_unit_and_an_odd_one_is_none(written: str, seconds: float | None) -> None:
    job = decode(f'{{"class":"A","args":[],"created_at":{written},"failed_at":{written}}}'.encode())

    assert job.created_at == seconds
    assert job.failed_at == seconds
    assert seconds is None or isinstance(job.created_at, float)


@pytest.mark.parametrize(
    ("args", "read", "wire_format"),
    [
        ("[1,[]]", [1, []], "sidekiq"),
        ("{}", [], "sidekiq"),
        ('"[1,[]]"', [1, []], "verk"),
        ('" [ ] "', [], "verk"),
        ('"{}"', [], "verk"),
        ('"[\\"\\\\ud83d\\\\ude00\\"]"', ["😀"], "verk"),
    ],
)
def test_arguments_are_read_from_both_forms(args: str, read: list[Any], wire_format: str) -> None:
    job = decode(f'{{"class":"A","args":{args}}}'.encode())

    assert (job.args, job.wire_format) == (read, wire_format)


def test_a_resque_job_is_enough_of_a_job() -> None:
    job = decode(b'{"class":"Foo::Bar","args":[1]}')

    assert (job.class_, job.args, job.queue, job.jid) == ("Foo::Bar", [1], None, None)


@pytest.mark.parametrize("queue", ['"other"', '""', "null", "5", "[]", '"a:b\\n"'])
def test_the_queue_it_was_found_in_wins(queue: str) -> None:
    assert decode(f'{{"class":"A","args":[],"queue":{queue}}}'.encode(), queue="default").queue == "default"


@pytest.mark.parametrize(
    ("written", "read"),
    [('"odd queue"', "odd queue"), ("5", "5"), ('""', None), ("[]", None), ('"\\ud800"', None)],
)
def test_odd_names_of_queues_and_jobs_are_no_reason_not_to_run(written: str, read: str | None) -> None:
    job = decode(f'{{"class":"A","args":[],"queue":{written},"jid":{written}}}'.encode())

    assert (job.queue, job.jid) == (read, read)


def test_unknown_keys_are_kept_apart_and_written_again() -> None:
    """Also those that bear the name of a field of ours."""
    unknown = {"tags": ["x"], "cattr": {"user": 1}, "extra": 1, "wire_format": 2, "payload": 3, "class_": 4}
    job = decode(json.dumps({"class": "A", "args": [], **unknown}).encode())

    assert job.extra == unknown
    assert decode(encode(job)).extra == unknown


@pytest.mark.parametrize("wire_format", ["sidekiq", "verk"])
def test_the_greatest_counts_that_a_job_may_have_are_read_back(wire_format: WireFormat) -> None:
    job = Job(class_="A", args=[], max_retry_count=MAX_COUNT, retry_count=MAX_COUNT, wire_format=wire_format)

    assert decode(encode(job)) == job


@pytest.mark.parametrize("args", ["[]", '"[]"'])
@pytest.mark.parametrize("key", ["retry", "retry_count", "max_retry_count"])
def test_a_count_that_is_none_makes_a_job_malformed(key: str, args: str) -> None:
    for count in (str(MAX_COUNT + 1), str(-MAX_COUNT - 1), "1.0", '"1"', "[]"):
        with pytest.raises(MalformedJob, match=f": {key} is no count of retries"):
            decode(f'{{"class":"A","args":{args},"{key}":{count}}}'.encode())


def test_the_greatest_count_in_sidekiqs_form_stays_one_that_a_job_may_have() -> None:
    job = decode(f'{{"class":"A","args":[],"retry_count":{MAX_COUNT}}}'.encode())

    assert attrs.evolve(job, jid="j").retry_count == MAX_COUNT


KNOWN = ["class", "args", "queue", "jid", "retry", "max_retry_count", "retry_count", "dead", "created_at"]
KNOWN += ["failed_at", "error_class", "error_message", "error_backtrace"]


@given(st.dictionaries(st.sampled_from(KNOWN), ARGS))
def test_any_object_is_a_job_that_can_be_written_or_malformed(fields: dict[str, Any]) -> None:
    payload = json.dumps({"class": "A", "args": [], **fields}).encode()
    try:
        job = decode(payload, queue="default")
    except MalformedJob as error:
        assert error.payload is payload
    else:
        assert decode(encode(job), queue="default") == job


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"args": [1, 2, {"x": float("nan")}]}, "args[2].x"),
        ({"args": [{1: 2}]}, "args[0]"),
        ({"args": [b"bytes"]}, "args[0]"),
        ({"args": [datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)]}, "args[0]"),
        ({"args": ["\ud800"]}, "args[0]"),
        ({"error_message": "\ud800"}, "error_message"),
        ({"error_message": ValueError("x")}, "error_message"),
        ({"extra": {"tags": {1, 2}}}, "tags"),
        ({"extra": {1: 2}}, "extra"),
        ({"extra": {"retry": 5}}, "extra.retry"),
        ({"extra": {"class": "B"}}, "extra.class"),
        ({"created_at": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)}, "created_at"),
        ({"enqueued_at": 1700000000250}, "enqueued_at"),
        ({"enqueued_at": float("nan")}, "enqueued_at"),
        ({"failed_at": True}, "failed_at"),
        ({"retried_at": "now"}, "retried_at"),
        ({"finished_at": 1e11}, "finished_at"),
    ],
)
@pytest.mark.parametrize("wire_format", ["sidekiq", "verk"])
def test_what_cannot_be_written_is_refused_by_its_place(
    changes: dict[str, Any], field: str, wire_format: WireFormat
) -> None:
    job = Job(**{"class_": "A", "args": [], **changes})

    with pytest.raises(InvalidJob) as caught:
        encode(job, wire_format=wire_format)

    assert caught.value.field == field
    assert str(caught.value).isprintable()
