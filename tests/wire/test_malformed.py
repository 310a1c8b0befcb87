"""Payloads that hold no job are refused, all in the same way, by both parsers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verk_actors.errors import MalformedJob
from verk_actors.wire.codec import decode

MALFORMED = {
    "nothing": b"",
    "no JSON": b"hello",
    "a number": b"5",
    "a list": b"[1,2]",
    "null": b"null",
    "cut off": b'{"class":"A","args":[',
    "two objects": b'{"class":"A","args":[]}{}',
    "UTF-8 broken": b'{"class":"A","args":["\xff"]}',
    "UTF-16": '{"class":"A","args":[]}'.encode("utf-16"),
    "a BOM": b'\xef\xbb\xbf{"class":"A","args":[]}',
    "no class": b'{"args":[]}',
    "class null": b'{"class":null,"args":[]}',
    "class empty": b'{"class":"","args":[]}',
    "class blank": b'{"class":" ","args":[]}',
    "class a number": b'{"class":1,"args":[]}',
    "class with a newline": b'{"class":"A\\nB","args":[]}',
    "class half a character": b'{"class":"\\ud800","args":[]}',
    "no args": b'{"class":"A"}',
    "args null": b'{"class":"A","args":null}',
    "args an object": b'{"class":"A","args":{"a":1}}',
    "args a number": b'{"class":"A","args":1}',
    "args empty text": b'{"class":"A","args":""}',
    "args other text": b'{"class":"A","args":"hello\\u001b[31m"}',
    "args text of a number": b'{"class":"A","args":"1"}',
    "args text of a text": b'{"class":"A","args":"\\"[]\\""}',
    "args text with NaN": b'{"class":"A","args":"[NaN]"}',
    "args text half a character": b'{"class":"A","args":"[\\"\\ud800\\"]"}',
    "NaN": b'{"class":"A","args":[NaN]}',
    "Infinity": b'{"class":"A","args":[-Infinity]}',
    "number out of range": b'{"class":"A","args":[1e400]}',
    "integer too long": b'{"class":"A","args":[' + b"1" * 5000 + b"]}",
    "retry a text": b'{"class":"A","args":[],"retry":"5"}',
    "retry a fraction": b'{"class":"A","args":[],"retry":1.5}',
    "retry immense": b'{"class":"A","args":[],"retry":1' + b"0" * 100 + b"}",
    "max_retry_count true": b'{"class":"A","args":"[]","max_retry_count":true}',
    "retry_count a text": b'{"class":"A","args":[],"retry_count":"1"}',
    "retry_count true": b'{"class":"A","args":[],"retry_count":true}',
    "retry_count immense": b'{"class":"A","args":[],"retry_count":1' + b"0" * 100 + b"}",
    "deep args": b'{"class":"A","args":' + b"[" * 64 + b"]" * 64 + b"}",
    "abysmal args": b'{"class":"A","args":' + b"[" * 1_000_000,
    "abysmal objects": b'{"args":' * 1_000_000,
    "abysmal args text": b'{"class":"A","args":"' + b"[" * 1_000_000 + b'"}',
    "too long": b'{"class":"A","args":[]}' + b" " * 16 * 1024 * 1024,
}


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize("payload", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_holds_no_job_is_malformed_and_kept(payload: bytes) -> None:
    with pytest.raises(MalformedJob) as caught:
        decode(payload, queue="default")

    assert caught.value.payload is payload
    assert caught.value.reason.isprintable()
    assert len(caught.value.reason) < 250
    assert str(caught.value).isprintable()


@given(st.binary(max_size=40) | st.text().map(str.encode))
def test_any_bytes_are_a_job_or_malformed(payload: bytes) -> None:
    with pytest.raises(MalformedJob):
        decode(payload)
