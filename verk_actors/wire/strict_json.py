"""JSON as the wire allows it: what every peer's parser reads alike, and nothing else.

Parsing goes through msgspec where it is installed. What that refuses, the standard library judges again, and
its verdict and reason count: a job is never good on one node and malformed on another.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any

import attrs

MAX_BYTES = 16 * 1024 * 1024  # a longer payload blocks Redis and the node for too long to be a job
MAX_NESTING = 64  # far from any interpreter's recursion limit, and below Ruby's own limit of 100
_MAX_BITS = 14_000  # CPython refuses to read integers of more than 4,300 digits, which are 14,285 bits

_ESCAPES = re.compile(rb"\\.", re.DOTALL)
_STRINGS = re.compile(rb'"[^"]*"')
_BRACKETS = bytes.maketrans(b"{}", b"[]")
_OTHER_BYTES = bytes(byte for byte in range(256) if byte not in b'"[]{}')


def parse(data: bytes) -> Any:
    """Returns the value of a JSON text in UTF-8.

    Raises:
        ValueError: it isn't one (no UTF-8, no JSON, NaN or Infinity, a number that Python can't hold), or is
            too long or nested too deeply. The error's text holds nothing of the data.
    """
    if len(data) > MAX_BYTES:
        raise ValueError(f"longer than {MAX_BYTES} bytes")
    # The counts spare nearly every job the rest
    if data.count(b"[") + data.count(b"{") > MAX_NESTING and _is_too_deep(data):
        raise ValueError(f"nested more than {MAX_NESTING} deep")
    try:
        return _parse_first(data)
    except _FIRST_ERRORS:
        return parse_with_standard_library(data)


def parse_with_standard_library(data: bytes) -> Any:
    """Returns the same as `parse` for a text that is neither too long nor too deep; the judge in doubt."""
    try:
        return _DECODER.decode(data.decode("utf-8"))
    except RecursionError:  # unbalanced brackets, which have no depth to measure beforehand
        raise ValueError("nested too deeply") from None


def dump(value: Any) -> str:
    """Returns the compact JSON text of a value that has no flaw, as `flaw_of` tells."""
    return _encode(value)


def write(value: Any) -> bytes:
    """Returns the compact JSON text of any value, in UTF-8.

    Raises:
        Unwritable: it has a flaw.
    """
    try:
        data = _write_first(value)
        if parse(data) == value:  # read back alike, it has no flaw: that is cheaper than to look for one
            return data
    except _WRITE_ERRORS:
        pass  # whatever was met, the flaw says it better; some values, such as tuples, come here and have none
    if flaw := flaw_of(value):
        raise Unwritable(flaw)
    return dump(value).encode()


@attrs.frozen
class Flaw:
    """What can't be written as JSON: where it is (such as `[2].x`), the value there, and why."""

    path: str
    value: Any
    why: str

    def under(self, step: str) -> Flaw:
        """Returns the same flaw as seen from the container that holds it at `step`."""
        return attrs.evolve(self, path=step + self.path)


class Unwritable(ValueError):
    """Raised when a value can't be written as JSON; it has a flaw."""

    def __init__(self, flaw: Flaw) -> None:
        super().__init__(flaw.why)
        self.flaw = flaw


def flaw_of(value: Any, level: int = 1) -> Flaw | None:
    """Returns the first thing in a value that not every peer would read back alike; None if there is none.

    Args:
        value: good are lists, tuples (read back as lists), dicts by text, texts, numbers, booleans and None.
        level: how deep the value is; 1 is the whole document.
    """
    if isinstance(value, str | int | float) or value is None:
        return _scalar_flaw(value)
    if not isinstance(value, dict | list | tuple):
        return Flaw("", value, f"is a {type(value).__name__}, which JSON doesn't have")
    if level > MAX_NESTING:
        return Flaw("", value, f"is nested more than {MAX_NESTING} deep, or within itself")
    if isinstance(value, dict):
        return _dict_flaw(value, level)
    for index, item in enumerate(value):
        if flaw := flaw_of(item, level + 1):
            return flaw.under(f"[{index}]")
    return None


def _dict_flaw(value: dict[Any, Any], level: int) -> Flaw | None:
    for key, item in value.items():
        if not isinstance(key, str):  # json would turn 1 into "1" silently
            return Flaw("", key, f"has a key that is a {type(key).__name__} and not a text")
        if flaw := _scalar_flaw(key) or flaw_of(item, level + 1):
            return flaw.under(f".{key}")
    return None


def _scalar_flaw(value: Any) -> Flaw | None:
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            return Flaw("", value, "has a lone surrogate, which UTF-8 can't hold")
    elif isinstance(value, float):
        if not math.isfinite(value):
            return Flaw("", value, "is no finite number")
    elif value is not None and value.bit_length() > _MAX_BITS:
        return Flaw("", f"{value.bit_length()} bits", "is too long an integer")
    return None


def _is_too_deep(data: bytes) -> bool:
    """Tells whether brackets nest too deeply, by peeling off the innermost pairs level by level."""
    if b"\\" in data:
        data = _ESCAPES.sub(b"", data)
    brackets = _STRINGS.sub(b"", data.translate(_BRACKETS, _OTHER_BYTES))
    for _ in range(MAX_NESTING):
        peeled = brackets.replace(b"[]", b"")
        if len(peeled) == len(brackets):  # all peeled off, or unbalanced: the parser will say where
            return False
        brackets = peeled
    return bool(brackets)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("a number out of range")
    return number


def _refuse_constant(text: str) -> float:
    raise ValueError(f"{text} is not JSON")


_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=_refuse_constant)
# Circles are found by flaw_of
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")).encode


def _write_with_standard_library(value: Any) -> bytes:
    return _encode(value).encode()


_parse_first: Callable[[bytes], Any]
_write_first: Callable[[Any], bytes]
_FIRST_ERRORS: tuple[type[Exception], ...]
_WRITE_ERRORS: tuple[type[Exception], ...] = (TypeError, ValueError, OverflowError, RecursionError)
try:
    import msgspec  # type: ignore[import-not-found, unused-ignore]
except ImportError:  # the extra `fast` isn't installed
    _parse_first, _FIRST_ERRORS = parse_with_standard_library, ()
    _write_first = _write_with_standard_library
else:
    _parse_first = msgspec.json.Decoder().decode
    _write_first = msgspec.json.Encoder().encode
    _FIRST_ERRORS = (msgspec.MsgspecError, ValueError, RecursionError)
    _WRITE_ERRORS += (msgspec.MsgspecError,)
