"""Which jobs a filter means."""

from __future__ import annotations

import json

import pytest

from verk_actors.store.job_filter import ALL_JOBS, JobFilter
from verk_actors.store.members import Malformed
from verk_actors.wire.job import Job

PAYLOAD = json.dumps({"class": "Mail::Send", "args": ["größe", "a b"], "queue": "low", "jid": "1f"}).encode()
ASIS = PAYLOAD.decode().encode().replace(b"gr\\u00f6\\u00dfe", "größe".encode())


@pytest.mark.parametrize("payload", [PAYLOAD, ASIS], ids=["escaped", "as it is"])
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"jid": "1f"},
        {"class_": "Mail::Send"},
        {"queue": "low"},
        {"text": "größe"},
        {"text": '"a b"'},
        {"text": ""},
        {"jid": "1f", "class_": "Mail::Send", "queue": "low", "text": "Send"},
    ],
)
def test_a_job_fits_that_has_all_that_is_asked_for(payload: bytes, fields: dict[str, str]) -> None:
    found = JobFilter(**fields).found_in(payload)

    assert isinstance(found, Job)
    assert found.payload == payload


@pytest.mark.parametrize(
    "fields",
    [
        {"jid": "1"},
        {"jid": "f"},
        {"class_": "Mail"},
        {"class_": "größe"},
        {"queue": "a"},
        {"text": "mail"},
        {"text": "\ud800"},
        {"jid": "1f", "queue": "other"},
    ],
)
def test_a_job_that_only_mentions_it_or_lacks_one_thing_does_not_fit(fields: dict[str, str]) -> None:
    assert JobFilter(**fields).found_in(PAYLOAD) is None


@pytest.mark.parametrize("text", ['x"y', "x\ty", "a/b", "x\\y", 'ö/"'])
@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("slash", ["/", r"\/"], ids=["as it is", "as cjson writes it"])
@pytest.mark.parametrize("is_verks", [True, False])
def test_a_text_is_found_however_it_is_escaped(text: str, ascii_only: bool, slash: str, is_verks: bool) -> None:
    args = json.dumps([text], ensure_ascii=ascii_only) if is_verks else [text]
    payload = json.dumps({"class": "Add", "args": args}, ensure_ascii=ascii_only).replace("/", slash).encode()

    where = JobFilter(text=text)

    assert where.found_in(payload) is not None
    assert JobFilter(text=text + "z").found_in(payload) is None
    assert list(where.match()) == []


def test_bytes_that_are_no_job_fit_by_their_text_alone() -> None:
    assert isinstance(ALL_JOBS.found_in(b"\xff text"), Malformed)
    assert isinstance(JobFilter(text="text").found_in(b"\xff text"), Malformed)
    assert JobFilter(text="other").found_in(b"\xff text") is None
    assert JobFilter(class_="text").found_in(b"\xff text") is None


@pytest.mark.parametrize("error", ["IndexError", "no such", 'x"y', "größe", "rror", ""])
def test_a_job_fits_by_what_is_in_its_last_error(error: str) -> None:
    told = {"error_class": "IndexError", "error_message": 'no such x"y größe'}
    payload = json.dumps({"class": "Add", "args": ["ValueError"], **told}).encode()

    assert JobFilter(error=error).found_in(payload) is not None
    assert JobFilter(error=error, class_="Mail").found_in(payload) is None


def test_a_job_that_mentions_an_error_elsewhere_or_has_none_does_not_fit() -> None:
    payload = json.dumps({"class": "Add", "args": ["ValueError"], "error_class": "IndexError"}).encode()

    assert JobFilter(error="ValueError").found_in(payload) is None
    assert JobFilter(error="").found_in(b'{"class":"Add","args":[]}') is None
    assert list(JobFilter(error="ValueError").match()) == ["MATCH", b"*ValueError*"]


def test_the_queue_in_which_a_job_is_found_is_its_queue() -> None:
    payload = b'{"class":"Add","args":[]}'

    assert JobFilter(queue="low").found_in(payload) is None
    assert JobFilter(queue="low").found_in(payload, "low") is not None


def test_redis_looks_for_the_longest_word_that_is_written_as_it_is() -> None:
    assert list(ALL_JOBS.match()) == []
    assert list(JobFilter(jid="größe", text="a*").match()) == []
    assert list(JobFilter(jid="12", class_="Mail::Send", queue="q").match()) == ["MATCH", b"*Mail::Send*"]
