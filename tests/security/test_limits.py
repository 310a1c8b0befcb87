"""What a payload may be: limits hold before it is parsed, and a client writes nothing that no node would read."""

from __future__ import annotations

import math

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from verk_actors.client import Client
from verk_actors.errors import InvalidJob, MalformedJob
from verk_actors.wire.codec import decode, encode
from verk_actors.wire.job import Job
from verk_actors.wire.strict_json import MAX_BYTES, MAX_NESTING


def payload_of_length(length: int) -> bytes:
    start, end = b'{"class":"Good","args":["', b'"]}'
    return start + b"x" * (length - len(start) - len(end)) + end


@pytest.mark.slow  # 32 MiB of text
def test_bytes_are_read_up_to_16_mib() -> None:
    assert MAX_BYTES == 16 << 20
    assert decode(payload_of_length(MAX_BYTES)).class_ == "Good"
    with pytest.raises(MalformedJob, match="longer than 16777216 bytes"):
        decode(payload_of_length(MAX_BYTES + 1))


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_values_are_read_up_to_64_deep(opening: str, closing: str) -> None:
    def nested(depth: int) -> bytes:  # the object and the list of arguments are two of them
        inner = opening * (depth - 2) + "1" + closing * (depth - 2)
        return f'{{"class":"Good","args":[{inner}]}}'.encode()

    assert decode(nested(MAX_NESTING)).class_ == "Good"
    with pytest.raises(MalformedJob, match="nested"):
        decode(nested(MAX_NESTING + 1))
    with pytest.raises(MalformedJob):
        decode(nested(100_000))


ANY_BYTES = st.one_of(st.binary(max_size=400), st.text(max_size=200).map(str.encode))
NEARLY_JSON = st.from_regex(r"[\[\]{}\":,0-9a]{0,60}").map(str.encode)


@given(ANY_BYTES | NEARLY_JSON)
def test_any_bytes_are_a_job_or_malformed_and_nothing_else(payload: bytes) -> None:
    try:
        decode(payload)
    except MalformedJob as error:
        assert str(error).isprintable()


@pytest.mark.slow  # 16 MiB of text
def test_a_job_that_no_node_would_read_is_not_enqueued(config, redis) -> None:
    most = attrs.evolve(config, max_payload_bytes=MAX_BYTES)
    with Client(most) as client, pytest.raises(InvalidJob, match="args make a payload longer than") as refused:
        client.enqueue(Job(class_="Good", args=["x" * MAX_BYTES]))

    assert "xxx" not in str(refused.value)
    assert redis.keys("*") == []


@pytest.mark.parametrize("many", [False, True])
def test_a_payload_above_the_limit_is_refused_with_both_lengths(config, redis, many: bool) -> None:
    length = len(encode(Job(class_="Good", args=["x" * 900], queue="default", jid="0" * 24, created_at=1.0)))
    short, long = Job(class_="Good", args=["x"]), Job(class_="Good", args=["x" * 1000])
    said = rf"payload has \d+ bytes; max_payload_bytes allows {length}$"
    with (
        Client(attrs.evolve(config, max_payload_bytes=length)) as client,
        pytest.raises(InvalidJob, match=said) as refused,
    ):
        client.enqueue_many([short, long]) if many else client.enqueue(long)
    assert (refused.value.field, refused.value.index, redis.keys("*")) == ("payload", 1 if many else None, [])


@pytest.mark.slow  # 16 MiB of text
def test_the_longest_payload_that_is_written_can_be_read() -> None:
    longest = MAX_BYTES - len(encode(Job(class_="Good", args=[""])))

    payload = encode(Job(class_="Good", args=["x" * longest]))

    assert len(payload) == MAX_BYTES
    assert decode(payload).class_ == "Good"


@pytest.mark.parametrize(
    ("job", "field"),
    [
        (lambda: Job(class_="Good", args=[math.nan]), "args[0]"),
        (lambda: Job(class_="Good", args=[{"a": [math.inf]}]), "args[0].a[0]"),
        (lambda: Job(class_="Good", args=[10**5000]), "args[0]"),
        (lambda: Job(class_="Good", args=[b"bytes"]), "args[0]"),
        (lambda: Job(class_="Good", args=[{1: 2}]), "args[0]"),
        (lambda: Job(class_="Good", args=["\ud800"]), "args[0]"),
        (lambda: Job(class_="a\nb", args=[]), "class_"),
        (lambda: Job(class_="Good", args=[], jid="a\x1bb"), "jid"),
        (lambda: Job(class_="Good", args=[], queue="a b"), "queue"),
        (lambda: Job(class_="Good", args=[], queue="../etc"), "queue"),
        (lambda: Job(class_="Good", args=[], queue="q" * 129), "queue"),
    ],
)
def test_what_not_every_peer_can_read_is_not_written(job, field: str) -> None:
    with pytest.raises(InvalidJob) as refused:
        encode(job())

    assert refused.value.field == field
