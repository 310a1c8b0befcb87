"""Values to JSON and back, by cattrs: attrs classes, dataclasses, enums, times, UUIDs, decimals and the like.

Numbers, texts and booleans are never turned into each other: JSON tells them apart, so what is of another type was
meant otherwise. Loaded by `arguments` when there is a perform that needs it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from enum import Enum
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, NoReturn, Union, get_args, get_origin

import cattrs
from cattrs.preconf.json import JsonConverter, make_converter

from verk_actors.errors import loggable
from verk_actors.jobs.argument_types import KNOWN, OF_USERS

_SCALARS: dict[type, tuple[type, ...]] = {bool: (bool,), int: (int,), float: (float, int), str: (str,)}


def write(value: Any, type_: Any) -> Any:
    """Return the JSON value of a value of that type; raises whatever a value of another type leads to."""
    return _made(False, len(OF_USERS)).unstructure(value, unstructure_as=type_)


def read(value: Any, type_: Any, *, strict: bool) -> Any:
    """Return the value of that type that a JSON value stands for.

    Args:
        strict: whether keys that a class has no field for are refused.

    Raises:
        Exception: there is none; `why` says it.
    """
    return _made(strict, len(OF_USERS)).structure(value, type_)


def check(class_: str, parameter: str, type_: Any) -> None:
    """Refuse an annotation that values can't be read by.

    Raises:
        TypeError: as `datetime | str`, of which JSON can't tell which is meant.
        NameError: the annotation of a field names what is not defined.
    """
    try:
        _made(False, len(OF_USERS)).get_structure_hook(type_)
    except (cattrs.StructureHandlerNotFoundError, TypeError) as error:
        raise TypeError(f"{class_}: no JSON can be read as the {parameter}, {type_}: {error}") from error


def why(error: Exception) -> str:
    """Return what is wrong with a value that could not be read, and where; nothing of the value itself."""
    return loggable("; ".join(cattrs.transform_error(error, path="")).replace(" @ ", " at ").removesuffix(" at "))


@lru_cache(maxsize=2)
def _made(strict: bool, of_users: int) -> JsonConverter:
    """Return the converter that knows so many types of users: more may come, and then it is made again."""
    converter = make_converter(forbid_extra_keys=strict)
    for type_, kinds in _SCALARS.items():
        converter.register_structure_hook(type_, _scalar_hook(type_, kinds))
    for type_, (to_json, kinds, from_json) in KNOWN.items():
        _register(converter, type_, to_json, _checked(kinds, from_json))
    for type_, to_json, from_json in OF_USERS[:of_users]:
        _register(converter, type_, to_json, from_json)
    converter.register_structure_hook_factory(_is_ambiguous, _refuse)
    return converter


def _register(
    converter: JsonConverter, type_: type, to_json: Callable[[Any], Any], from_json: Callable[[Any], Any]
) -> None:
    converter.register_unstructure_hook(type_, to_json)
    converter.register_structure_hook(type_, lambda value, _: from_json(value))


def _is_ambiguous(type_: Any) -> bool:
    """Tell whether a union has members that are the same in JSON, of which one would be taken for the other."""
    if get_origin(type_) not in (Union, UnionType):
        return False
    forms = [form for member in get_args(type_) if (form := _form_of(member)) is not None]
    return len(forms) > len(set(forms)) and not all(
        member in _SCALARS or member is NoneType for member in get_args(type_)
    )


def _form_of(member: Any) -> str | None:
    """Return what a type is in JSON, None for what can't be taken for another."""
    if member in (str, *KNOWN) and member is not timedelta:
        return "text"
    if member in (int, float, timedelta):
        return "number"
    if isinstance(member, type) and issubclass(member, Enum):
        return "text" if all(isinstance(one.value, str) for one in member) else "number"
    return None


def _refuse(type_: Any) -> NoReturn:
    raise cattrs.StructureHandlerNotFoundError(f"{type_} has members that JSON can't tell apart", type_)


def _scalar_hook(type_: type, kinds: tuple[type, ...]) -> Callable[[Any, Any], Any]:
    """Return what takes a number, text or boolean as that, and as a member of an enum of such."""

    def hook(value: Any, wanted: Any) -> Any:
        if type(value) not in kinds:
            raise TypeError(f"is a {type(value).__name__}")
        return value if wanted is type_ and type(value) is type_ else wanted(value)

    return hook


def _checked(kinds: tuple[type, ...], from_json: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def read_checked(value: Any) -> Any:
        if type(value) not in kinds:
            raise TypeError(f"is a {type(value).__name__}")
        try:
            return from_json(value)
        except ArithmeticError as error:  # decimal's errors, and times out of range
            raise ValueError("out of range") from error

    return read_checked
