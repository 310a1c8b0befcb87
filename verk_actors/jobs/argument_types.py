"""The types that arguments may have beside JSON's, attrs classes and the like: those known here, and those of users."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

_T = TypeVar("_T")

KNOWN: dict[type, tuple[Callable[[Any], Any], tuple[type, ...], Callable[[Any], Any]]] = {
    bytes: (lambda value: base64.b64encode(value).decode(), (str,), lambda text: base64.b64decode(text, validate=True)),
    date: (lambda value: value.isoformat(), (str,), date.fromisoformat),
    datetime: (lambda value: value.isoformat(), (str,), datetime.fromisoformat),
    time: (lambda value: value.isoformat(), (str,), time.fromisoformat),
    timedelta: (lambda value: value.total_seconds(), (int, float), lambda seconds: timedelta(seconds=seconds)),
    Decimal: (str, (str, int), Decimal),
    Path: (str, (str,), Path),
    UUID: (str, (str,), UUID),
}
"""How each is written, what it is read from, and how."""

OF_USERS: list[tuple[type, Callable[[Any], Any], Callable[[Any], Any]]] = []
"""How each is written, and how it is read; of one that is there twice, the last counts."""


def convert_type(type_: type[_T], *, to_json: Callable[[_T], Any], from_json: Callable[[Any], _T]) -> None:
    """Have a type of one's own be taken wherever a perform names it; to be called before `@worker` meets it.

    Args:
        type_: the class.
        to_json: returns the JSON value of an object of it.
        from_json: returns the object of a JSON value, or raises a ValueError or TypeError.
    """
    OF_USERS.append((type_, to_json, from_json))


def types_beside_json() -> tuple[type, ...]:
    """Return those known here and those of users."""
    return (*KNOWN, *(type_ for type_, _, _ in OF_USERS))
