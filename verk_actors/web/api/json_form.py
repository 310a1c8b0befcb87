"""What attrs classes are in the API's JSON: their names there, what values may be, and how they are written.

A field is called as in Python, but for the underscore that keeps some from Python's own words: `class_` is `class`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import attrs
import cattrs
from cattrs.gen import make_dict_unstructure_fn, override


@attrs.frozen
class Between:
    """What a number that is annotated with it may be: from one bound to another, both included."""

    least: int
    most: int

    def refusal_of(self, value: Any) -> str | None:
        """Return what is wrong with a value, None if it will do."""
        return None if self.least <= value <= self.most else f"must be from {self.least} to {self.most}"


@attrs.frozen
class Sized:
    """What a text or a list that is annotated with it may be: of so many characters or members."""

    least: int
    most: int

    def refusal_of(self, value: Any) -> str | None:
        """Return what is wrong with a value, None if it will do."""
        return None if self.least <= len(value) <= self.most else f"must have a length from {self.least} to {self.most}"


@attrs.frozen
class Matching:
    """What a text that is annotated with it may be: one that fits a pattern as a whole.

    Attributes:
        pattern: a regular expression that JavaScript reads alike, without its ends.
        words: what it means.
    """

    pattern: str
    words: str

    def refusal_of(self, value: Any) -> str | None:
        """Return what is wrong with a value, None if it will do."""
        return None if re.fullmatch(self.pattern, value, re.ASCII) else f"must be {self.words}"


def json_name(field: str) -> str:
    """Return what a field is called in JSON."""
    return field.rstrip("_")


def types_of(cls: Any) -> dict[str, Any]:
    """Return the types of the fields of an attrs class, with what annotates them, in order."""
    attrs.resolve_types(cls, include_extras=True)
    return {field.name: field.type for field in attrs.fields(cls)}


def written(value: Any) -> Any:
    """Return the JSON value of attrs classes, and of what they hold."""
    return _writer.unstructure(value)


def _made() -> cattrs.Converter:
    converter = cattrs.Converter()
    converter.register_unstructure_hook(date, date.isoformat)
    converter.register_unstructure_hook_factory(attrs.has, lambda cls: _renaming(cls, converter))
    return converter


def _renaming(cls: Any, converter: cattrs.Converter) -> Callable[[Any], Mapping[str, Any]]:
    names: dict[str, Any] = {field.name: override(rename=json_name(field.name)) for field in attrs.fields(cls)}
    return make_dict_unstructure_fn(cls, converter, _cattrs_include_init_false=True, **names)


_writer = _made()
