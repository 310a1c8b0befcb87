"""JSON as the wire allows it: the two parsers agree, and nothing is written that a peer reads otherwise."""

from __future__ import annotations

import datetime
import decimal
import enum
import json
import subprocess
import sys
import uuid
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from verk_actors.wire import strict_json

TOKENS = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    '"a"',
    '"b\\n"',
    '"\\ud800"',
    '"\\ud83d\\ude00"',
    '"é"',
    '"\\q"',
    '"\x01"',
]
TOKENS += [
    "0",
    "-0",
    "-0.0",
    "01",
    "1.",
    "1e5",
    "1e400",
    "1e-400",
    "2.5",
    "9" * 20,
    "9" * 5000,
    "-",
    "+1",
    "NaN",
]
TOKENS += [
    "Infinity",
    "-Infinity",
    "true",
    "false",
    "null",
    "nul",
    " ",
    "\n",
    "\x00",
    "\ufeff",
    "\u00a0",
    "'a'",
]

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda values: st.lists(values, max_size=4)
    | st.dictionaries(st.text(st.characters(codec="utf-8")), values, max_size=4),
    max_leaves=20,
)  # fmt: skip


def outcome(parse: Any, data: bytes) -> str:
    """Returns what a parser makes of a text; as a repr, which tells 1 from 1.0 and 0.0 from -0.0."""
    try:
        return repr(parse(data))
    except ValueError as error:
        return f"refused: {error}"


@given(st.lists(st.sampled_from(TOKENS), max_size=12))
def test_both_parsers_agree_on_any_tokens(tokens: list[str]) -> None:
    data = "".join(tokens).encode()

    assert outcome(strict_json.parse, data) == outcome(strict_json.parse_with_standard_library, data)


@given(VALUES, st.integers(0), st.binary(max_size=3))
def test_both_parsers_agree_on_broken_texts(value: Any, at: int, noise: bytes) -> None:
    data = strict_json.dump(value).encode()
    at %= len(data) + 1
    broken = data[:at] + noise + data[at + len(noise) // 2 :]

    assert outcome(strict_json.parse, broken) == outcome(strict_json.parse_with_standard_library, broken)


@given(st.floats(allow_nan=False, allow_infinity=False) | st.decimals(allow_nan=False, allow_infinity=False))
def test_both_parsers_read_the_same_number(number: object) -> None:
    data = str(number).lower().encode()

    assert outcome(strict_json.parse, data) == outcome(strict_json.parse_with_standard_library, data)


@given(VALUES)
def test_a_value_without_flaws_is_read_back_alike(value: Any) -> None:
    assert strict_json.flaw_of(value) is None
    assert repr(strict_json.parse(strict_json.dump(value).encode())) == repr(value)


@given(VALUES)
def test_what_is_written_is_read_back_alike_by_both_parsers(value: Any) -> None:
    data = strict_json.write(value)

    assert repr(strict_json.parse(data)) == repr(strict_json.parse_with_standard_library(data)) == repr(value)
    assert b"\n" not in data


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    "data",
    [
        b"NaN",
        b"[Infinity]",
        b"[-Infinity]",
        b"1e400",
        b"9" * 5000,
        b'"\xff"',
        b"\xef\xbb\xbf{}",
        b"",
        b"{} {}",
    ]
    + ["{}".encode(code) for code in ("utf-16", "utf-16-le", "utf-32")]
    + [b"[" * 1_000_000, b'{"a":' * 1_000_000, b"[" * 65 + b"]" * 65, b" " * (strict_json.MAX_BYTES + 1)],
    ids=lambda data: repr(data[:12]),
)
def test_what_is_no_json_on_the_wire_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError) as caught:
        strict_json.parse(data)

    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize("text", ["[" * 64 + "]" * 64, '{"a":' * 64 + "1" + "}" * 64, '[{"a":' * 32 + "1" + "}]" * 32])
def test_64_levels_are_read_and_one_more_is_refused(text: str) -> None:
    assert strict_json.parse(text.encode())
    with pytest.raises(ValueError, match="nested more than 64 deep"):
        strict_json.parse(f"[{text}]".encode())


@pytest.mark.parametrize(
    "text",
    [
        '["' + "[" * 1000 + '"]',
        '["\\"' + "[" * 1000 + '"]',
        '["\\\\","' + "[{" * 1000 + '"]',
        "[" + "[],{}," * 1000 + "1]",
    ],
)
def test_brackets_in_texts_or_side_by_side_are_not_deep(text: str) -> None:
    assert strict_json.parse(text.encode())


def circle() -> list[Any]:
    it: list[Any] = []
    it.append(it)
    return it


@pytest.mark.parametrize(
    ("value", "path", "why"),
    [
        ({"args": [1, 2, {"x": float("nan")}]}, ".args[2].x", "is no finite number"),
        ([float("-inf")], "[0]", "is no finite number"),
        ({1: 2}, "", "has a key that is a int and not a text"),
        ([{"a": {None: 2}}], "[0].a", "has a key that is a NoneType and not a text"),
        ([b"x"], "[0]", "is a bytes, which JSON doesn't have"),
        ((1, {2}), "[1]", "is a set, which JSON doesn't have"),
        ([datetime.date(2026, 1, 1)], "[0]", "is a date, which JSON doesn't have"),
        (["ok", "\ud800"], "[1]", "has a lone surrogate, which UTF-8 can't hold"),
        ({"\udfff": 1}, ".\udfff", "has a lone surrogate, which UTF-8 can't hold"),
        ([10**5000], "[0]", "is too long an integer"),
        (circle(), "[0]" * 64, "is nested more than 64 deep, or within itself"),
    ],
    ids=range(11),
)
def test_what_a_peer_would_read_otherwise_is_found_and_located(value: Any, path: str, why: str, parser: None) -> None:
    flaw = strict_json.flaw_of(value)

    assert flaw is not None
    assert (flaw.path, flaw.why) == (path, why)
    with pytest.raises(strict_json.Unwritable) as raised:
        strict_json.write(value)
    assert (raised.value.flaw.path, raised.value.flaw.why) == (path, why)


class Colour(enum.StrEnum):
    RED = "red"


@attrs.define
class Dressed:
    """What msgspec would write as an object, without being asked."""

    x: int = 1


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    "value", [Dressed(), uuid.UUID(int=1), decimal.Decimal(1), datetime.timedelta(1), frozenset(), bytearray(b"x")]
)
def test_what_only_one_writer_could_write_is_refused(value: Any) -> None:
    with pytest.raises(strict_json.Unwritable, match="which JSON doesn't have"):
        strict_json.write([value])


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    ("value", "written"),
    [
        ((1, (2,)), "[1,[2]]"),
        ([10**40, -(2**64), 2**63], f"[{10**40},{-(2**64)},{2**63}]"),
        ([Colour.RED, {Colour.RED: True}], '["red",{"red":true}]'),
        ("\x7f\x00\u2028😀", '"\x7f\\u0000\u2028😀"'),
        ([1e16, 1.0, -0.0], None),
    ],
    ids=range(5),
)
def test_what_is_good_is_written_alike_with_and_without_msgspec(value: Any, written: str | None) -> None:
    data = strict_json.write(value)

    assert written is None or data.decode() == written
    assert json.loads(data) == json.loads(json.dumps(value))


def test_tuples_big_integers_and_astral_characters_are_fine() -> None:
    assert strict_json.flaw_of([(1, 2), 10**4000, "😀", True, None]) is None


def test_msgspec_can_do_without() -> None:
    program = "import sys; sys.modules['msgspec'] = None; from verk_actors.wire import codec;"
    program += 'print(codec.decode(b\'{"class":"A","args":[1.5]}\').args)'

    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert run.stdout == "[1.5]\n"
