"""Values that are more than JSON, and a job that returns what it was given."""

from __future__ import annotations

import dataclasses
import enum
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple, NewType, TypedDict
from uuid import UUID

import attrs

from verk_actors.jobs.argument_types import convert_type
from verk_actors.jobs.job_class import worker
from verk_actors.jobs.registry import Registry


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    LOW = 1


@attrs.frozen
class Item:
    name: str
    price: Decimal


@attrs.frozen
class Order:
    id: UUID
    items: list[Item]
    paid_at: datetime | None = None
    colour: Colour = Colour.RED


@dataclasses.dataclass
class Point:
    x: int
    y: float = 0.0


class Pair(NamedTuple):
    left: int
    right: date


class Window(TypedDict):
    start: datetime


class Text(TypedDict):
    start: str


class Money:
    def __init__(self, cents: int) -> None:
        self.cents = cents

    def __repr__(self) -> str:  # names a test, the same in each process
        return f"Money({self.cents})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Money) and other.cents == self.cents

    def __hash__(self) -> int:
        return hash(self.cents)


convert_type(Money, to_json=lambda money: money.cents, from_json=Money)
OrderId = NewType("OrderId", UUID)

ORDER = Order(UUID(int=7), [Item("a", Decimal("1.10"))], datetime(2030, 1, 2, 3, 4, 5, 6, UTC))
ORDER_JSON = {
    "id": "00000000-0000-0000-0000-000000000007",
    "items": [{"name": "a", "price": "1.10"}],
    "paid_at": "2030-01-02T03:04:05.000006+00:00",
    "colour": "red",
}


def echo(*types: Any, **options: Any) -> tuple[Any, Registry]:
    """Return the builder of a job that returns its arguments, with these types, and where it is registered."""

    def perform(one: Any = None, two: Any = None) -> Any:
        return one, two

    perform.__annotations__ = dict(zip(("one", "two"), types, strict=False))
    registry = Registry()
    return worker(name="Echo", registry=registry, **options)(perform), registry
