"""JSON Schemas, as OpenAPI 3.1 has them, of attrs classes: what a class says of itself, told to programs.

A schema has the types of the fields, what annotates them (`Between`, `Sized`), their defaults, and what the docstring
says of each below `Attributes:`. An attrs class is a component, and is referred to by its name.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from datetime import date
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

import attrs

from verk_actors.web.api.json_form import Between, Matching, Sized, json_name, types_of, written

Schema: TypeAlias = dict[str, Any]

_SCALARS: Mapping[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    NoneType: {"type": "null"},
    date: {"type": "string", "format": "date"},
    Any: {},
}
_FIELDS = re.compile(r"^ {4}(?P<names>\w+(?:, \w+)*): (?P<text>.+(?:\n {5,}.+)*)", re.MULTILINE)


class Schemas:
    """Makes schemas, and collects the components that they refer to.

    Attributes:
        components: the schemas of the attrs classes met so far, by name.
    """

    def __init__(self) -> None:
        self.components: dict[str, Schema] = {}
        self._classes: dict[str, Any] = {}

    def of(self, type_: Any, *, given: bool = False) -> Schema:
        """Return the schema of a type.

        Args:
            type_: what `written` writes, or `read` reads.
            given: whether it is what a request says: what has a default may be left out, and no more may be said.

        Raises:
            TypeError: it has none, or two classes have one name.
        """
        origin, args = get_origin(type_), get_args(type_)
        if origin is Annotated:
            return self._ruled(self.of(args[0], given=given), args[1:])
        if origin in (Union, UnionType):
            return _any_of([self.of(one, given=given) for one in args])
        if attrs.has(type_):
            return self._reference(type_, given)
        if origin is not None:
            return self._generic(type_, origin, args, given)
        if type_ not in _SCALARS:
            raise TypeError(f"{type_} has no schema")
        return dict(_SCALARS[type_])

    def properties(self, cls: Any, *, given: bool = False) -> dict[str, Schema]:
        """Return the schemas of the fields of an attrs class, by their names in JSON."""
        words = words_of_fields(cls)
        return {
            json_name(name): self._field(attrs.fields_dict(cls)[name], type_, words.get(name), given)
            for name, type_ in types_of(cls).items()
        }

    def _generic(self, type_: Any, origin: Any, args: Sequence[Any], given: bool) -> Schema:
        if origin is Literal:
            return {"type": "string", "enum": list(args)}
        if issubclass(origin, Mapping):
            return {"type": "object", "additionalProperties": self.of(args[1], given=given)}
        if issubclass(origin, Sequence):
            return {"type": "array", "items": self.of(args[0], given=given)}
        raise TypeError(f"{type_} has no schema")

    def _field(self, field: Any, type_: Any, words: str | None, given: bool) -> Schema:
        schema = self.of(type_, given=given)
        if words is not None:
            schema["description"] = words
        if given and isinstance(field.default, str | int | float | NoneType):  # no factory
            schema["default"] = written(field.default)
        return schema

    def _reference(self, cls: Any, given: bool) -> Schema:
        name = cls.__name__
        if self._classes.setdefault(name, (cls, given)) != (cls, given):
            raise TypeError(f"two schemas are called {name}")
        if name not in self.components:
            self.components[name] = {}  # so that a class may have fields of itself
            self.components[name] = self._component(cls, given)
        return {"$ref": f"#/components/schemas/{name}"}

    def _component(self, cls: Any, given: bool) -> Schema:
        schema: Schema = {"type": "object", "properties": self.properties(cls, given=given)}
        fields = [one for one in attrs.fields(cls) if not given or one.default is attrs.NOTHING]
        if fields:
            schema["required"] = [json_name(one.name) for one in fields]
        if given:
            schema["additionalProperties"] = False
        return {"description": _first_paragraph(cls)} | schema

    def _ruled(self, schema: Schema, rules: Sequence[Any]) -> Schema:
        for rule in rules:
            match rule, schema.get("type"):
                case Between(least, most), _:
                    schema |= {"minimum": least, "maximum": most}
                case Matching(pattern, _), _:
                    schema["pattern"] = f"^(?:{pattern})$"
                case Sized(least, most), "array":
                    schema |= {"minItems": least, "maxItems": most}
                case Sized(least, most), _:
                    schema |= {"minLength": least, "maxLength": most}
        return schema


def words_of_fields(documented: Any) -> dict[str, str]:
    """Return what a docstring says of each field or argument, by name."""
    doc = inspect.getdoc(documented) or ""
    return {
        name: " ".join(found["text"].split()) for found in _FIELDS.finditer(doc) for name in found["names"].split(", ")
    }


def _first_paragraph(documented: Any) -> str:
    return " ".join((inspect.getdoc(documented) or "").partition("\n\n")[0].split())


def _any_of(schemas: Sequence[Schema]) -> Schema:
    """Return the schema of what has one of several; briefly for a type or null, with whatever else is said of it."""
    others = [schema for schema in schemas if schema != _SCALARS[NoneType]]
    if len(others) == 1 and len(schemas) == 2 and isinstance(others[0].get("type"), str) and "enum" not in others[0]:
        return others[0] | {"type": [others[0]["type"], "null"]}
    return {"anyOf": list(schemas)}
