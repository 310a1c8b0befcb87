"""Splicing: some keys are set, and every other byte stays."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verk_actors.errors import MalformedJob
from verk_actors.wire import strict_json
from verk_actors.wire.splice import _spliced_in_place, splice

SPACE = st.text(" \t\r\n", max_size=2)
# Texts of values that Python wouldn't write so
NUMBERS = ["1.0e+308", "1E5", "-0", "9" * 5000]
OTHERS = ['"\\/"', '"\\u0061"', '"}"', '"\\""', '"é"', "[ ]", '{"a":{"b":[1.50]}}', "null"]
VALUE_TEXTS = st.sampled_from(NUMBERS + OTHERS)
KEYS = st.sampled_from(["queue", "jid", "args", "a b", "é", 'q"', "\\", "", "retry_count"])


@st.composite
def members(draw: st.DrawFn) -> tuple[str, str]:
    """Draws the text of a member up to its value, and the value's."""
    key = json.dumps(draw(KEYS), ensure_ascii=draw(st.booleans()))
    return f"{draw(SPACE)}{key}{draw(SPACE)}:{draw(SPACE)}", draw(VALUE_TEXTS)


OBJECTS = st.lists(members(), max_size=6)
CHANGES = st.dictionaries(KEYS, VALUE_TEXTS, max_size=4)


def key_of(start: str) -> str:
    return json.loads(start.strip().rstrip(":").strip())


@given(OBJECTS, SPACE, SPACE, SPACE, CHANGES)
def test_all_but_the_changed_values_stays_byte_for_byte(
    parts: list[tuple[str, str]], before: str, within: str, after: str, changes: dict[str, str]
) -> None:
    payload = before + "{" + ",".join(start + value + within for start, value in parts) + "}" + after
    last = {key_of(start): index for index, (start, _) in enumerate(parts)}
    kept = [
        start + (changes.get(key_of(start), value) if last[key_of(start)] == index else value) + within
        for index, (start, value) in enumerate(parts)
    ]
    added = [f"{json.dumps(key, ensure_ascii=False)}:{value}" for key, value in changes.items() if key not in last]

    assert splice(payload.encode(), changes).decode() == before + "{" + ",".join(kept + added) + "}" + after


def without_long_integers(parts: dict[str, str]) -> dict[str, Any]:
    return {key: value for key, value in parts.items() if len(value) < 1000}


@given(OBJECTS, CHANGES)
def test_a_parser_finds_the_new_values_and_the_old_ones(parts: list[tuple[str, str]], changes: dict[str, str]) -> None:
    changes = without_long_integers(changes)
    parts = [part for part in parts if len(part[1]) < 1000]
    payload = ("{" + ",".join(start + value for start, value in parts) + "}").encode()

    found = strict_json.parse(splice(payload, changes))

    assert found == strict_json.parse(payload) | {key: json.loads(value) for key, value in changes.items()}


@given(st.dictionaries(KEYS, VALUE_TEXTS), CHANGES)
def test_what_is_written_compactly_is_spliced_as_anything_else(parts: dict[str, str], changes: dict[str, str]) -> None:
    payload = ("{" + ",".join(f"{strict_json.dump(key)}:{value}" for key, value in parts.items()) + "}").encode()

    assert splice(payload, changes) == _spliced_in_place(payload, changes)


@given(OBJECTS)
def test_no_change_leaves_the_payload_as_it_is(parts: list[tuple[str, str]]) -> None:
    payload = ("{" + " ,".join(start + value for start, value in parts) + " }").encode()

    assert splice(payload, {}) == payload


def test_the_last_of_two_equal_keys_is_set_and_new_keys_come_last() -> None:
    payload = b'{"a":1,"b":[1.0e+308],"a":2}'

    assert splice(payload, {"c": "3", "a": "9"}) == b'{"a":1,"b":[1.0e+308],"a":9,"c":3}'


@pytest.mark.parametrize(
    "payload",
    [
        *(
            b"",
            b"[]",
            b"5",
            b"\xff",
            b"{,}",
            b"{1:2}",
            b'{"a" 1}',
            b'{"a":}',
            b'{"a":1',
            b'{"a":1,}',
            b'{"a"=1}',
            b'["a":1}',
        ),
        *(b'{"a":1 "b":2}', b'{"a":1}x', b'{"a":' + b"[" * 1_000_000),
    ],
    ids=lambda payload: repr(payload[:14]),
)
def test_what_is_no_object_is_malformed(payload: bytes) -> None:
    with pytest.raises(MalformedJob) as caught:
        splice(payload, {"a": "1"})

    assert caught.value.payload == payload
