"""Backtraces in Sidekiq's packing and in Verk's plain text."""

from __future__ import annotations

import base64
import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verk_actors.wire import backtrace

LINES = st.lists(st.text(st.characters(exclude_characters="\n", codec="utf-8"), min_size=1), max_size=5).map(tuple)


@given(LINES)
def test_packed_lines_are_read_back(lines: tuple[str, ...]) -> None:
    assert backtrace.read(backtrace.pack(lines)) == lines


@given(st.lists(st.from_regex(r"    \w+\.ex:\d+: \w+/\d", fullmatch=True)))
def test_joined_lines_are_read_back(lines: list[str]) -> None:
    assert backtrace.read(backtrace.join(lines)) == tuple(lines)


def test_sidekiq_unpacks_what_is_packed() -> None:
    unpacked = json.loads(zlib.decompress(base64.b64decode(backtrace.pack(("a.py:1", "b.py:2")), validate=True)))

    assert unpacked == ["a.py:1", "b.py:2"]


def test_base64_broken_into_lines_is_read() -> None:
    broken = base64.encodebytes(zlib.compress(json.dumps([f"line {n * n}" for n in range(50)]).encode())).decode()

    assert broken.count("\n") > 1
    assert backtrace.read(broken) == tuple(f"line {n * n}" for n in range(50))


def test_no_lines_are_a_sole_newline_in_verk() -> None:
    assert backtrace.join([]) == "\n"
    assert backtrace.read("\n") == ()


def test_a_bomb_is_not_unpacked() -> None:
    bomb = base64.b64encode(zlib.compress(b'["' + b"x" * 10_000_000 + b'"]')).decode()

    assert backtrace.read(bomb) == (bomb,)


@pytest.mark.parametrize(("value", "lines"), [(["a", 1], ("a", "1")), (5, None), ({}, None), ("", ()), ("ü", ("ü",))])
def test_odd_backtraces_are_read_as_far_as_possible(value: object, lines: tuple[str, ...] | None) -> None:
    assert backtrace.read(value) == lines
