"""What changes in a payload as its job lives. That it equals the peers' own bytes is in test_golden."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import attrs
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from verk_actors.errors import MalformedJob
from verk_actors.wire.bookkeeping import POISONED, enqueued, failed, poisoned, restore, undecodable
from verk_actors.wire.codec import decode
from verk_actors.wire.failure import Failure
from verk_actors.wire.job import Job

BOOM = Failure(class_name="ValueError", message="boom", backtrace=("a.py:1:in f", "b.py:2:in g"))
ODD_ARGS = '[1.0e+308,1E5,"\\/",{"b":1,"a":[]},' + "9" * 400 + "]"


def fields_of(payload: bytes) -> dict[str, Any]:
    fields = json.loads(payload)
    assert isinstance(fields, dict)
    return fields


def test_the_first_failure_is_noted_in_sidekiqs_form() -> None:
    job = decode(b'{"retry":5,"queue":"default","class":"A","args":[1],"jid":"7"}', queue="default")

    payload = failed(job, error=attrs.evolve(BOOM, backtrace=()), now=1700000000)

    assert payload == (
        b'{"retry":5,"queue":"default","class":"A","args":[1],"jid":"7","error_message":"boom",'
        b'"error_class":"ValueError","failed_at":1700000000.0,"retry_count":0}'
    )


def test_later_failures_keep_the_time_of_the_first() -> None:
    first = failed(decode(b'{"class":"A","args":[]}'), error=BOOM, now=1.5)
    second = failed(decode(first), error=attrs.evolve(BOOM, message="bang"), now=2.5)

    job = decode(second)
    assert (job.failed_at, job.retried_at, job.retry_count, job.attempt) == (1.5, 2.5, 2, 3)
    assert (job.error_class, job.error_message) == ("ValueError", "bang")


def test_a_job_asked_to_run_again_now_counts_as_retried() -> None:
    job = decode(b'{"class":"A","args":[],"jid":"7","failed_at":1.5,"retry_count":-1}')

    fields = fields_of(failed(job, error=BOOM, now=2.5))

    assert (fields["retry_count"], fields["failed_at"], fields["retried_at"]) == (0, 1.5, 2.5)


def test_a_job_that_failed_in_unknown_times_gets_both() -> None:
    job = decode(b'{"class":"A","args":[],"jid":"7","failed_at":"yesterday","retry_count":3}')

    fields = fields_of(failed(job, error=BOOM, now=2.5))

    assert (fields["retry_count"], fields["failed_at"], fields["retried_at"]) == (4, 2.5, 2.5)


def test_a_resque_job_gets_what_it_lacks_to_come_back() -> None:
    fields = fields_of(failed(decode(b'{"class":"A","args":[]}', queue="mail"), error=BOOM, now=1.5))

    assert fields["queue"] == "mail"
    assert fields["retry"] is True
    assert len(fields["jid"]) == 24


def test_a_jid_given_to_a_job_that_had_none_is_written() -> None:
    job = attrs.evolve(decode(b'{"class":"A","args":[],"jid":null}', queue="mail"), jid="0a1b")

    assert fields_of(failed(job, error=BOOM, now=1.5))["jid"] == "0a1b"


@pytest.mark.parametrize(("retry_queue", "queue"), [('"slow"', "slow"), ("null", "mail"), ("5", "mail")])
def test_a_failed_job_goes_to_the_queue_it_was_found_in_or_its_retry_queue(retry_queue: str, queue: str) -> None:
    job = decode(f'{{"class":"A","args":[],"queue":"x","retry_queue":{retry_queue}}}'.encode(), queue="mail")

    assert fields_of(failed(job, error=BOOM, now=1.5))["queue"] == queue


@pytest.mark.parametrize("args", [ODD_ARGS, json.dumps(ODD_ARGS)], ids=["sidekiq", "verk"])
def test_arguments_and_unknown_values_stay_byte_for_byte(args: str) -> None:
    head = f'{{ "class" : "A", "args":{args},"queue":"q","jid":"7","retry":true'
    tail = ',"tags":[1.0e+308, "\\/"]'

    job = decode((head + tail + "}").encode(), queue="q")
    payload = enqueued(decode(failed(job, error=BOOM, now=1.5), queue="q"), now=2.5)

    assert payload.decode().startswith(head + tail)


def test_a_backtrace_is_cut_to_its_first_frames() -> None:
    sidekiq = decode(b'{"class":"A","args":[]}')
    verk = decode(b'{"class":"A","args":"[]"}')

    packed = fields_of(failed(sidekiq, error=BOOM, now=1.5, backtrace_frames=1))["error_backtrace"]
    plain = fields_of(failed(verk, error=BOOM, now=1.5, backtrace_frames=1))["error_backtrace"]

    assert json.loads(zlib.decompress(base64.b64decode(packed))) == ["a.py:1:in f"]
    assert plain == "a.py:1:in f\n"


def test_no_backtrace_takes_the_place_of_an_earlier_one() -> None:
    again = decode(failed(decode(b'{"class":"A","args":[]}'), error=BOOM, now=1.5))

    payload = failed(again, error=BOOM, now=2.5, backtrace_frames=0)

    assert fields_of(payload)["error_backtrace"] is None


def test_a_long_message_is_cut() -> None:
    payload = failed(decode(b'{"class":"A","args":[]}'), error=attrs.evolve(BOOM, message="é" * 20_000), now=1.5)

    assert fields_of(payload)["error_message"] == "é" * 10_000


@given(st.text(st.characters()), st.lists(st.text(st.characters()), max_size=3), st.sampled_from(["[]", '"[]"']))
def test_no_failure_is_too_odd_to_be_noted(text: str, lines: list[str], args: str) -> None:
    job = decode(f'{{"class":"A","args":{args}}}'.encode())

    payload = failed(job, error=Failure(class_name=text, message=text, backtrace=tuple(lines)), now=1.5)

    assert decode(payload).error_message == text.encode("utf-8", "backslashreplace").decode()
    assert decode(payload).attempt == 2


KNOWN = [
    "queue",
    "jid",
    "retry",
    "max_retry_count",
    "dead",
    "created_at",
    "enqueued_at",
    "failed_at",
    "retried_at",
]
KNOWN += ["error_class", "error_message", "error_backtrace", "retry_queue", "tags"]
ODD_VALUES = st.none() | st.booleans() | st.integers(-2, 9) | st.floats(0, 1e9) | st.text() | st.just([{}])


@given(st.dictionaries(st.sampled_from(KNOWN), ODD_VALUES), st.sampled_from([[1], "[1]"]), st.integers(-1, 30))
def test_whatever_can_be_read_can_fail_and_come_back(fields: dict[str, Any], args: Any, count: int) -> None:
    payload = json.dumps({"class": "A", "args": args, "retry_count": count, **fields}).encode()
    try:
        job = decode(payload, queue="q")
    except MalformedJob:
        assume(False)

    again = decode(enqueued(decode(failed(job, error=BOOM, now=1.5)), now=2.5))

    assert again.attempt == job.attempt + 1
    assert (again.args, again.dead, again.max_retry_count) == ([1], job.dead, job.max_retry_count)
    assert again.jid is not None


def test_a_job_of_verk_that_sidekiq_ran_gets_a_new_error_class() -> None:
    job = decode(b'{"args":"[]","class":"A","jid":"7","retry_count":1,"retry":true,"error_class":"ArgumentError"}')

    assert fields_of(failed(job, error=BOOM, now=1.5))["error_class"] == "ValueError"


def test_a_new_job_can_fail_too() -> None:
    job = Job(class_="A", args=[1], queue="q", jid="7")

    assert decode(failed(job, error=BOOM, now=1.5)).args == [1]


def test_a_poisoned_job_tells_why_it_is_dead() -> None:
    job = decode(poisoned(decode(b'{"class":"A","args":[]}'), reason="recovered 4 times in 72 h", now=1.5))

    assert (job.error_class, job.error_message) == (POISONED, "recovered 4 times in 72 h")


@pytest.mark.parametrize(
    ("payload", "written"),
    [
        (b'{"class":"A","args":[]}', b'{"class":"A","args":[],"enqueued_at":1700000000.0}'),
        (b'{"enqueued_at":1,"class":"A","args":[]}', b'{"enqueued_at":1700000000.0,"class":"A","args":[]}'),
        (b'{"class":"A","args":"[]"}', b'{"class":"A","args":"[]","enqueued_at":1700000000}'),
        (
            b'{"enqueued_at":null,"class":"A","args":"[]"}',
            b'{"enqueued_at":1700000000,"class":"A","args":"[]"}',
        ),
        (b'{"enqueued_at":1,"class":"A","args":"[]"}', b'{"enqueued_at":1,"class":"A","args":"[]"}'),
    ],
)
def test_a_job_that_comes_to_its_queue_is_stamped_as_its_form_has_it(payload: bytes, written: bytes) -> None:
    assert enqueued(decode(payload), now=1700000000) == written


@given(st.binary(), st.text(st.characters()), st.text(st.characters()))
def test_bytes_that_are_no_job_come_back_from_their_envelope(payload: bytes, reason: str, queue: str) -> None:
    envelope = undecodable(payload, queue=queue, reason=reason, jid="7", now=1700000000)

    assert restore(envelope) == payload


def test_an_envelope_is_a_job_that_sidekiq_web_can_show_and_that_is_not_lost_if_run() -> None:
    envelope = undecodable(b"5", queue="mail", reason="not a JSON object", jid="7", now=1700000000)

    assert b'"failed_at":1700000000.0' in envelope
    job = decode(envelope)
    assert (job.class_, job.queue, job.jid, job.args) == ("VerkActors::Undecodable", "mail", "7", [])
    assert (job.error_class, job.error_message) == ("MalformedJob", "not a JSON object")
    assert (job.max_retry_count, job.dead) == (0, True)
    assert restore(failed(job, error=BOOM, now=2.5)) == b"5"


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff VerkActors::Undecodable",
        b'"VerkActors::Undecodable"',
        b'["VerkActors::Undecodable"]',
        b'{"class":"A","args":["VerkActors::Undecodable"]}',
        b'{"class":"VerkActors::Undecodable","args":[]}',
        b'{"class":"VerkActors::Undecodable","payload":5}',
        b'{"class":"VerkActors::Undecodable","payload":"?"}',
        b'{"class":"VerkActors::Undecodable","payload":"\xc3\xa9"}',
    ],
)
def test_what_is_no_envelope_restores_nothing(payload: bytes) -> None:
    assert restore(payload) is None


def test_an_envelope_is_written_as_the_peers_read_it() -> None:
    envelope = undecodable(b"5", queue="mail", reason="not a JSON object", jid="7", now=1700000000)

    assert envelope == (
        b'{"retry":0,"queue":"mail","class":"VerkActors::Undecodable","args":[],"jid":"7","created_at":1700000000.0,'
        b'"error_message":"not a JSON object","error_class":"MalformedJob","failed_at":1700000000.0,"retry_count":0,'
        b'"payload":"NQ=="}'
    )


def test_a_job_that_failed_before_is_retried_though_nobody_wrote_when() -> None:
    fields = fields_of(failed(decode(b'{"class":"A","args":[],"retry_count":0}'), error=BOOM, now=2.5))

    assert (fields["failed_at"], fields["retried_at"], fields["retry_count"]) == (2.5, 2.5, 1)


def test_a_job_without_a_queue_goes_to_the_default_one() -> None:
    assert fields_of(failed(decode(b'{"class":"A","args":[]}'), error=BOOM, now=2.5))["queue"] == "default"


def test_text_that_utf8_can_not_hold_is_escaped() -> None:
    error = Failure(class_name="E\udc80", message="no file \udcff", backtrace=("a\udc80.py:1:in f",))

    fields = fields_of(failed(decode(b'{"class":"A","args":[]}'), error=error, now=2.5))

    assert (fields["error_class"], fields["error_message"]) == ("E\\udc80", "no file \\udcff")


def test_the_class_of_a_poisoned_job_is_one_that_every_tool_can_show() -> None:
    assert POISONED == "VerkActors::Poisoned"
