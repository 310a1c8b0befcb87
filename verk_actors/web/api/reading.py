"""What requests say, made into attrs classes: each value is checked, and what is wrong with one is said by its place.

Numbers, texts and booleans are never turned into each other, but where an address has them all as texts. What isn't
known is refused, so that a misspelt filter is not taken for none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import attrs

from verk_actors.web.api.json_form import json_name, types_of
from verk_actors.web.errors import InvalidInput

_WHOLE = re.compile(r"-?[0-9]{1,15}")  # what each reader of JSON has exactly
_BOOLEANS = {"true": True, "false": False}
_WORDS = {str: "a text", int: "a whole number", bool: "true or false", float: "a number"}


@attrs.frozen
class Nothing:
    """What is said where nothing is to be said."""


def read(value: Any, type_: Any, at: str = "") -> Any:
    """Return the value of a type that a JSON value stands for.

    Args:
        value: as it was parsed.
        type_: a text, number or boolean, a `Literal` of texts, one of these or None, a list or tuple of these, or an
            attrs class with fields of all these; each may be `Annotated` with what it has to be like. Or `Any`.
        at: where it was found.

    Raises:
        InvalidInput: it stands for none.
    """
    origin, args = get_origin(type_), get_args(type_)
    if origin is Annotated:
        return _obeying(read(value, args[0], at), args[1:], at)
    if origin in (Union, UnionType):
        return None if value is None else read(value, _wanted(args), at)
    if origin is Literal:
        if value not in args:
            raise InvalidInput(at, f"must be one of {', '.join(args)}")
        return value
    if origin in (list, tuple):
        if not isinstance(value, list):
            raise InvalidInput(at, "must be a list")
        return origin(read(one, args[0], f"{at}[{index}]") for index, one in enumerate(value))
    if attrs.has(type_):
        return _object(value, type_, at)
    if type_ is not Any and type(value) is not type_ and (type(value), type_) != (int, float):
        raise InvalidInput(at, f"must be {_WORDS[type_]}")
    return value


def read_parameters(texts: Sequence[tuple[str, str]], cls: Any) -> Any:
    """Return the attrs class that the parameters of an address stand for.

    Raises:
        InvalidInput: they stand for none, or one of them comes twice where one is wanted.
    """
    types = {json_name(name): type_ for name, type_ in types_of(cls).items()}
    values: dict[str, Any] = {}
    for name, text in texts:
        if _is_list(types.get(name)):
            values.setdefault(name, []).append(text)
        elif name in values:
            raise InvalidInput(name, "is given twice")
        else:
            values[name] = _scalar(text, types.get(name))
    return read(values, cls)


def read_part(text: str, type_: Any, name: str) -> Any:
    """Return the value that a part of a path stands for; raises `InvalidInput`."""
    return read(_scalar(text, type_), type_, name)


def _object(value: Any, cls: Any, at: str) -> Any:
    if not isinstance(value, Mapping):
        raise InvalidInput(at, "must be an object")
    types = {json_name(name): (name, type_) for name, type_ in types_of(cls).items()}
    if unknown := [name for name in value if name not in types]:
        raise InvalidInput(_below(at, unknown[0]), f"is not known; known are {', '.join(types) or 'none'}")
    needed = [json_name(field.name) for field in attrs.fields(cls) if field.default is attrs.NOTHING]
    if missing := [name for name in needed if name not in value]:
        raise InvalidInput(_below(at, missing[0]), "is missing")
    return cls(**{types[name][0]: read(one, types[name][1], _below(at, name)) for name, one in value.items()})


def _obeying(value: Any, rules: Sequence[Any], at: str) -> Any:
    for rule in rules:
        if (why := rule.refusal_of(value)) is not None:
            raise InvalidInput(at, why)
    return value


def _below(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name


def _scalar(text: str, type_: Any) -> Any:
    """Return the JSON value that a text stands for where that type is wanted, or else the text."""
    wanted = _bare(type_)
    if wanted is int and _WHOLE.fullmatch(text):
        return int(text)
    return _BOOLEANS.get(text, text) if wanted is bool else text


def _is_list(type_: Any) -> bool:
    return get_origin(_bare(type_)) in (list, tuple)


def _bare(type_: Any) -> Any:
    """Return a type without what annotates it, and without None."""
    origin, args = get_origin(type_), get_args(type_)
    if origin is Annotated:
        return _bare(args[0])
    if origin in (Union, UnionType):
        return _bare(_wanted(args))
    return type_


def _wanted(union: Sequence[Any]) -> Any:
    return next(one for one in union if one is not NoneType)
