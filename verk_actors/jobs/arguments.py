"""Which arguments of a perform are more than JSON, by its annotations; what becomes of them is in `converter`.

Decided once, when a job class is registered: a perform that takes plain JSON has no `TypedArguments`, and its
jobs cost nothing more. cattrs is loaded when the first typed perform is met.

Source: Verk's `args_keys`, which turns the keys of arguments into atoms. Differs: docs/decisions/0029.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import types
import typing
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, Literal

import attrs

from verk_actors.errors import InvalidArgument, InvalidJob, loggable
from verk_actors.jobs.argument_types import types_beside_json
from verk_actors.settings.config import ArgsKeys

_COLLECTIONS = (tuple, set, frozenset)


class TypedArguments:
    """How the arguments of one perform become JSON, and JSON becomes its arguments.

    Args:
        class_: the name of the job class, for errors.
        function: the perform.
        parameters: those that a job's arguments fill, in order.
    """

    def __init__(self, class_: str, function: Callable[..., Any], parameters: Sequence[inspect.Parameter]) -> None:
        self._class = class_
        self._function = function
        self._parameters = parameters
        self._found: list[tuple[str, Any]] | None = None

    @classmethod
    def of(cls, class_: str, function: Callable[..., Any], signature: inspect.Signature) -> TypedArguments | None:
        """Return those of a perform, None if it takes nothing but JSON.

        Raises:
            TypeError: JSON can't tell which type of an annotation is meant, as in `datetime | str`.
        """
        arguments = cls(class_, function, list(signature.parameters.values()))
        if all(isinstance(one.annotation, str) and one.annotation in _PLAIN_NAMES for one in arguments._parameters):
            return None
        try:
            found = arguments._types(NameError)
        except NameError:
            return arguments  # a class that its module defines further down: decided at the first job
        return arguments if any(type_ is not None for _, type_ in found) else None

    def written(self, args: Sequence[Any]) -> list[Any]:
        """Return arguments as JSON values; those that the annotations don't speak of are left as they are.

        Raises:
            InvalidJob: one is no value of its type.
        """
        written = list(args)
        for index, (name, type_) in self._typed(len(written)):
            try:
                written[index] = _converter().write(written[index], type_)
            except Exception as error:  # what a hook raises for a value of another type can be anything
                why = f"can't be the {name} of {self._class}, {_shown(type_)}: it is {_kind(written[index])}"
                raise InvalidJob(f"args[{index}]", written[index], why) from error
        return written

    def read(self, args: Sequence[Any], mode: ArgsKeys) -> list[Any]:
        """Return the arguments that JSON values stand for.

        Raises:
            InvalidArgument: one can't be made what its annotation says.
        """
        read = list(args)
        for index, (name, type_) in self._typed(len(read)):
            try:
                read[index] = _converter().read(read[index], type_, strict=mode == "strict")
            except Exception as error:
                why = _converter().why(error)
                raise InvalidArgument(self._class, name, _shown(type_), _kind(read[index]), why) from error
        return read

    def _typed(self, count: int) -> list[tuple[int, tuple[str, Any]]]:
        """Return those of so many arguments that have types, with their places."""
        found = self._found or self._types()
        if len(found) < count and self._parameters and self._parameters[-1].kind is inspect.Parameter.VAR_POSITIONAL:
            found = [*found, *[found[-1]] * (count - len(found))]
        return [(index, one) for index, one in enumerate(found[:count]) if one[1] is not None]

    def _types(self, *passed_on: type[Exception]) -> list[tuple[str, Any]]:
        """Return each parameter's name with its type, None for one that is JSON already.

        Raises:
            NameError: a name in an annotation is not defined, if that is to be `passed_on`; else such a parameter
                is left as JSON has it.
        """
        found = []
        for parameter in self._parameters:
            try:
                type_ = _resolved(self._function, parameter.annotation)
                typed = type_ if _is_typed(type_) else None
                if typed is not None:
                    _converter().check(self._class, parameter.name, typed)
            except passed_on:
                raise
            except NameError:
                typed = None
            found.append((parameter.name, typed))
        self._found = found
        return found


_PLAIN_NAMES = {"int", "str", "float", "bool", "None", "Any", "object", "list", "dict"}


def _resolved(function: Callable[..., Any], annotation: Any) -> Any:
    names = getattr(inspect.unwrap(function), "__globals__", {})
    holder = types.SimpleNamespace(__annotations__={"it": annotation})
    return typing.get_type_hints(holder, names, include_extras=True)["it"]


def _is_typed(type_: Any) -> bool:
    """Tell whether values of a type are anything but what JSON makes of them."""
    origin = typing.get_origin(type_) or type_
    if origin is Literal:
        return any(isinstance(value, Enum) for value in typing.get_args(type_))
    if isinstance(origin, typing.NewType):
        return _is_typed(origin.__supertype__)
    if typing.is_typeddict(origin):
        return any(map(_is_typed, typing.get_type_hints(origin).values()))
    if isinstance(origin, type) and (
        attrs.has(origin)
        or dataclasses.is_dataclass(origin)
        or issubclass(origin, (Enum, *_COLLECTIONS, *types_beside_json()))
    ):
        return True
    return any(map(_is_typed, typing.get_args(type_)))


def _converter() -> Any:
    return importlib.import_module("verk_actors.jobs.converter")


def _shown(type_: Any) -> str:
    return loggable(type_.__qualname__ if isinstance(type_, type) else str(type_))


def _kind(value: object) -> str:
    return f"a {type(value).__name__}"
