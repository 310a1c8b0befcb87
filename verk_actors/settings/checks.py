"""What a setting may be, in code and in words."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any, get_args

import attrs

from verk_actors.errors import ConfigError
from verk_actors.middleware import makes_coroutine
from verk_actors.settings.references import PLAIN_ALLOWED, REFERENCE_ALLOWED, is_reference

NAME = re.compile(r"[A-Za-z0-9_.\-]{1,128}")
NAME_ALLOWED = "1 to 128 of the characters A-Z a-z 0-9 _ . -"

_Validator = Callable[[object, "attrs.Attribute[Any]", Any], None]


def allow(allowed: str, is_allowed: Callable[[Any], bool]) -> _Validator:
    """Return a check that says what is allowed."""

    def check(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
        if not is_allowed(value):
            raise ConfigError(attribute.name, value, allowed)

    return check


def one_of(choices: Any) -> _Validator:
    """Return a check for a Literal type."""
    return allow("one of " + ", ".join(get_args(choices)), lambda value: value in get_args(choices))


def as_tuple(values: Sequence[Any]) -> tuple[Any, ...]:
    """Return a list as a tuple; whatever else as it is, for a check to refuse."""
    return tuple(values) if isinstance(values, list) else values  # type: ignore[return-value]


# By type() and not isinstance(): True is an int, and neither a count nor a time.
COUNT = allow("a whole number, 0 or more", lambda value: type(value) is int and value >= 0)
POSITIVE = allow("a whole number, 1 or more", lambda value: type(value) is int and value >= 1)
PAYLOAD_BYTES = allow(  # what `wire.strict_json` reads
    f"a whole number from 1 to {16 << 20}", lambda value: type(value) is int and 1 <= value <= 16 << 20
)
SECONDS = allow("a number of seconds, 0 or more", lambda value: type(value) in (int, float) and 0 <= value < math.inf)
SOME_SECONDS = allow("a number of seconds above 0", lambda value: type(value) in (int, float) and 0 < value < math.inf)
YES_OR_NO = allow("True or False", lambda value: type(value) is bool)
REFERENCE = allow(REFERENCE_ALLOWED, is_reference)
REFERENCES = allow(
    f"a list; of each, {REFERENCE_ALLOWED}", lambda values: isinstance(values, tuple) and all(map(is_reference, values))
)
PLAIN = allow(PLAIN_ALLOWED, lambda values: not any(map(makes_coroutine, values)))
NODE_ID = allow(NAME_ALLOWED, lambda value: isinstance(value, str) and NAME.fullmatch(value) is not None)
NAMESPACE = allow(
    "nothing, or up to 128 of the characters A-Z a-z 0-9 _ . - : { }",
    lambda value: isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_.\-:{}]{0,128}", value) is not None,
)
