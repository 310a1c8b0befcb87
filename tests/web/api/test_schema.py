"""The OpenAPI schemas of attrs classes, and that what is read and written is what they say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

import attrs
import pytest

from verk_actors.web.api.json_form import Between, Sized, written
from verk_actors.web.api.schema import Schemas


@attrs.frozen(kw_only=True)
class Leaf:
    """One of many.

    Attributes:
        class_: its class, a name
            that may be long.
        size, weight: how much it is.
    """

    class_: str
    size: int = 1
    weight: float | None = None


@attrs.frozen(kw_only=True)
class Branch:
    """What has others."""

    kind: Literal["thick", "thin"]
    leaves: tuple[Leaf, ...]
    branches: Sequence[Branch] = ()
    by_day: Mapping[str, int] = attrs.Factory(dict)
    day: date | None = None
    first: Leaf | None = None
    any_: Any = None


@attrs.frozen(kw_only=True)
class Asked:
    """What is asked for."""

    name: Annotated[str, Sized(1, 9)]
    limit: Annotated[int, Between(1, 500)] = 25
    jids: Annotated[list[Annotated[str, Sized(1, 99)]], Sized(0, 3)] = attrs.Factory(list)
    text: Annotated[str, Sized(0, 9)] | None = None


def test_an_attrs_class_is_a_component_with_what_its_docstring_says():
    schemas = Schemas()

    assert schemas.of(Leaf) == {"$ref": "#/components/schemas/Leaf"}
    assert schemas.components == {
        "Leaf": {
            "description": "One of many.",
            "type": "object",
            "properties": {
                "class": {"type": "string", "description": "its class, a name that may be long."},
                "size": {"type": "integer", "description": "how much it is."},
                "weight": {"type": ["number", "null"], "description": "how much it is."},
            },
            "required": ["class", "size", "weight"],
        }
    }


def test_classes_may_hold_others_and_themselves():
    schemas = Schemas()
    schemas.of(Branch)

    assert set(schemas.components) == {"Branch", "Leaf"}
    assert schemas.components["Branch"]["properties"] == {
        "kind": {"type": "string", "enum": ["thick", "thin"]},
        "leaves": {"type": "array", "items": {"$ref": "#/components/schemas/Leaf"}},
        "branches": {"type": "array", "items": {"$ref": "#/components/schemas/Branch"}},
        "by_day": {"type": "object", "additionalProperties": {"type": "integer"}},
        "day": {"type": ["string", "null"], "format": "date"},
        "first": {"anyOf": [{"$ref": "#/components/schemas/Leaf"}, {"type": "null"}]},
        "any": {},
    }


def test_what_a_request_says_has_bounds_and_defaults_and_nothing_else_in_it():
    schemas = Schemas()
    schemas.of(Asked, given=True)

    assert schemas.components["Asked"] == {
        "description": "What is asked for.",
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 9},
            "limit": {"type": "integer", "minimum": 1, "maximum": 500, "default": 25},
            "jids": {
                "type": "array",
                "items": {"type": "string", "minLength": 1, "maxLength": 99},
                "minItems": 0,
                "maxItems": 3,
            },
            "text": {"type": ["string", "null"], "minLength": 0, "maxLength": 9, "default": None},
        },
        "required": ["name"],
        "additionalProperties": False,
    }


def test_a_type_without_a_schema_and_two_classes_of_one_name_are_refused():
    schemas = Schemas()
    schemas.of(Leaf)
    another = attrs.make_class("Leaf", {"x": attrs.field(type=int)})

    with pytest.raises(TypeError, match="Decimal'> has no schema"):
        schemas.of(Decimal)
    with pytest.raises(TypeError, match="two schemas are called Leaf"):
        schemas.of(another)


def test_classes_are_written_as_their_schemas_say():
    leaf = Leaf(class_="A", weight=0.5)

    assert written(Branch(kind="thin", leaves=(leaf,), branches=[], day=date(2026, 11, 28), any_={"class_": [1]})) == {
        "kind": "thin",
        "leaves": [{"class": "A", "size": 1, "weight": 0.5}],
        "branches": [],
        "by_day": {},
        "day": "2026-11-28",
        "first": None,
        "any": {"class_": [1]},
    }
