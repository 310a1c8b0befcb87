"""Payloads that are no jobs, or hardly: for queues and sets of a running node. Each is unlike all others."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

GOOD = {"class": "Good", "args": ["fuzz"], "queue": "q", "jid": "j", "retry": 3, "created_at": 1.5, "unknown": [{}]}
VALUES = [
    "null", "true", "5", "-1", "1e9", "NaN", "Infinity", "-Infinity", "1e999", '""', '" "', '"x"', "[]", "{}",
    "[[],{}]", '"\\ud800"', '"\\u0000"', "9" * 5000, "[" * 70 + "]" * 70, '"[1"', '"[]"', "[1,", "2147483648", "0.0",
]  # fmt: skip


def malformed(choice: random.Random, number: int) -> bytes:
    """Return bytes for a test to push; most are no job, some are one of an unknown class or even a good one."""
    return choice.choice(_WAYS)(choice, f"u{number}")


def _any_bytes(choice: random.Random, mark: str) -> bytes:
    return choice.randbytes(choice.randrange(40)) + mark.encode()


def _one_value_replaced(choice: random.Random, mark: str) -> bytes:
    key = choice.choice([*GOOD, "retry_count", "enqueued_at", "failed_at", "error_backtrace", "dead", "retry_queue"])
    fields = {name: json.dumps(value) for name, value in GOOD.items()} | {"mark": f'"{mark}"'}
    fields[key] = choice.choice(VALUES)
    return ("{" + ",".join(f'"{name}":{value}' for name, value in fields.items()) + "}").encode()


def _keys_left_out(choice: random.Random, mark: str) -> bytes:
    fields = {name: value for name, value in GOOD.items() if choice.random() < 0.6}
    return json.dumps(fields | {"mark": mark}).encode()


def _some_bytes_changed(choice: random.Random, mark: str) -> bytes:
    data = bytearray(json.dumps(GOOD | {"mark": mark}).encode())
    for _ in range(choice.randint(1, 3)):
        at = choice.randrange(len(data))
        change = choice.choice(["replace", "insert", "delete", "cut"])
        if change == "replace":
            data[at] = choice.randrange(256)
        elif change == "insert":
            data[at:at] = choice.choice([b'"', b"\\", b"\xff", b"\x00", b"{", b"]", b",", b"\xed\xa0\x80"])
        elif change == "delete":
            del data[at]
        else:
            del data[max(at, 4) :]
    return bytes(data) + b" " * int(mark[1:]).bit_length() + mark.encode() * (choice.random() < 0.2)


def _no_object(choice: random.Random, mark: str) -> bytes:
    return f"[{choice.choice(VALUES)},{json.dumps(mark)}]".encode()


def _other_encoding(choice: random.Random, mark: str) -> bytes:
    text = json.dumps(GOOD | {"mark": mark, "text": "é"}, ensure_ascii=False)
    return text.encode(choice.choice(["utf-16", "utf-16-le", "utf-32", "utf-8-sig", "latin-1", "cp500"]))


_WAYS: list[Callable[[random.Random, str], bytes]] = [
    _any_bytes,
    _one_value_replaced,
    _one_value_replaced,
    _keys_left_out,
    _some_bytes_changed,
    _some_bytes_changed,
    _no_object,
    _other_encoding,
]
