"""Arguments that are more than JSON: what jobs hold of them, and what performs get."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import attrs
import pytest
from support.typed_values import (
    ORDER,
    ORDER_JSON,
    Colour,
    Level,
    Money,
    Order,
    OrderId,
    Pair,
    Point,
    Text,
    Window,
    echo,
)

from verk_actors.errors import InvalidArgument, InvalidJob
from verk_actors.jobs.job_class import JobClass, worker
from verk_actors.jobs.registry import Registry, Terms
from verk_actors.wire.codec import decode, encode


@pytest.mark.parametrize(
    ("type_", "value", "written"),
    [
        (Order, ORDER, ORDER_JSON),
        (Order | None, None, None),
        (Order | None, ORDER, ORDER_JSON),
        (list[Order], [ORDER], [ORDER_JSON]),
        (list[Point], [Point(1, 2.5)], [{"x": 1, "y": 2.5}]),
        (date | int | None, date(2030, 1, 2), "2030-01-02"),
        (Order | Point, Point(1), {"x": 1, "y": 0.0}),
        (dict[str, Point], {"a": Point(1)}, {"a": {"x": 1, "y": 0.0}}),
        (Colour, Colour.RED, "red"),
        (Level, Level.LOW, 1),
        (Literal[Colour.RED], Colour.RED, "red"),
        (date, date(2030, 1, 2), "2030-01-02"),
        (datetime, datetime(2030, 1, 2), "2030-01-02T00:00:00"),
        (time, time(1, 2, 3), "01:02:03"),
        (timedelta, timedelta(days=1, microseconds=1), 86400.000001),
        (Decimal, Decimal("1E+5"), "1E+5"),
        (bytes, b"\xff\x00", "/wA="),
        (Path, Path("a/b"), "a/b"),
        (OrderId, OrderId(UUID(int=1)), "00000000-0000-0000-0000-000000000001"),
        (tuple[int, date], (1, date(2030, 1, 2)), [1, "2030-01-02"]),
        (tuple[int, ...], (1, 2), [1, 2]),
        (set[int], {1}, [1]),
        (Window, {"start": datetime(2030, 1, 2)}, {"start": "2030-01-02T00:00:00"}),
        (Money, Money(5), 5),
        (Money | None, Money(5), 5),
        (Order | int, 3, 3),
    ],
    ids=str,
)
def test_a_perform_gets_the_values_that_its_job_was_given(type_: Any, value: Any, written: Any) -> None:
    build, registry = echo(int, type_)

    job = build.job(1, value)

    read = decode(encode(job)).args
    assert read == [1, written]
    got = registry.find("Echo").perform(read)
    assert got == (1, value)
    assert type(got[1]) is type(value)


@pytest.mark.parametrize(
    "type_",
    [int, str, Any, object, None, list[int], dict[str, Any], int | None, Sequence[str], Literal["a"], Text, Registry],
    ids=str,
)
def test_a_perform_that_takes_plain_json_costs_nothing(type_: Any) -> None:
    """Nothing is done to its arguments: they are not even looked at."""
    build, registry = echo(type_)
    performer = registry.find("Echo")

    assert build.job("whatever").args == ["whatever"]
    assert performer.perform(["whatever"]) == ("whatever", None)
    assert performer.arguments is performer.on(Terms(args_keys="strict")).arguments is None
    assert performer.on(Terms(args_keys="strict")) is performer


def test_plain_jobs_load_no_cattrs() -> None:
    program = """
import sys
from verk_actors import worker
@worker
def plain(a: int, b: "list[dict[str, int]]" = [], *rest): ...
print(plain.job(1).args, "cattrs" in sys.modules)
from uuid import UUID
@worker
def typed(a: UUID): ...
print("cattrs" in sys.modules)
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout == "[1] False\nTrue\n"


def refusal(type_: Any, value: Any, **options: Any) -> str:
    """Return what is said of a JSON value that a perform can't take."""
    _, registry = echo(type_, **options)
    with pytest.raises(InvalidArgument) as raised:
        registry.find("Echo").perform([value])
    return str(raised.value)


@pytest.mark.parametrize(
    ("type_", "value", "why"),
    [
        (Order, {**ORDER_JSON, "id": "secret"}, "invalid value for type, expected UUID at .id"),
        (Order, {"items": [{"name": 5, "price": "1"}], "id": str(UUID(int=1))}, "expected str at .items[0].name"),
        (Order, {"items": [{"name": "a"}], "id": str(UUID(int=1))}, "required field missing at .items[0].price"),
        (Order, 5, "can't be read as Order"),
        (Order, None, "argument one is a NoneType"),
        (list[Point], [{"x": 1}, {"x": "1"}], "expected int at [1].x"),
        (Point, {"x": True}, "expected int at .x"),
        (Point, {"x": 1.0}, "expected int at .x"),
        (Colour, "secret", "is a str that can't be read as Colour"),
        (Level, "1", "is a str that can't be read as Level"),
        (datetime, 1_700_000_000, "is a int that can't be read as datetime"),
        (datetime, "secret", "is a str that can't be read as datetime"),
        (Decimal, "secret", "is a str that can't be read as Decimal"),
        (Decimal, 1.5, "is a float that can't be read as Decimal"),
        (timedelta, 1e300, "is a float that can't be read as timedelta"),
        (bytes, "secret!", "is a str that can't be read as bytes"),
        (tuple[int, int], [1], "is a list that can't be read as tuple[int, int]"),
    ],
    ids=str,
)
def test_a_value_that_does_not_fit_fails_the_job_and_says_which_and_why(type_: Any, value: Any, why: str) -> None:
    said = refusal(type_, value)

    assert said.startswith("'Echo': its argument one is a ")
    assert why in said
    assert "secret" not in said


def test_keys_that_are_unknown_are_put_up_with_unless_strict() -> None:
    """Spec 1.2, args_keys: `:atoms!` takes known atoms only."""
    value = {"x": 1, "z": 2}
    build, registry = echo(Point)

    assert registry.find("Echo").perform([value]) == (Point(1), None)
    assert registry.under(Terms(args_keys="strict")).find("Echo").target is build._function
    assert "extra fields found (z)" in refusal(Point, value, args_keys="strict")
    with pytest.raises(InvalidArgument, match="extra fields"):
        registry.under(Terms(args_keys="strict")).find("Echo").perform([value])
    assert registry.under(Terms(args_keys="plain")).find("Echo").perform([value]) == (value, None)


def test_what_a_job_class_says_of_its_arguments_outranks_the_configuration() -> None:
    _, registry = echo(Point, args_keys="typed")
    assert registry.under(Terms(args_keys="strict")).find("Echo").perform([{"x": 1, "z": 2}]) == (Point(1), None)

    build, registry = echo(Point, args_keys="plain")
    assert registry.under(Terms(args_keys="strict")).find("Echo").perform([{"x": 1}]) == ({"x": 1}, None)
    assert build.job({"x": 1}).args == [{"x": 1}]


def test_a_value_of_another_type_makes_no_job() -> None:
    build, _ = echo(int, Order)

    with pytest.raises(InvalidJob, match=r"args\[1\] can't be the two of Echo, Order: it is a dict") as raised:
        build.job(1, {"secret": 1})

    assert "secret" not in str(raised.value)


def test_any_number_of_arguments_is_typed_by_one_annotation() -> None:
    registry = Registry()

    @worker(name="Many", registry=registry)
    def many(first: int, *rest: Decimal) -> Any:
        return first, rest

    assert many.job(1, Decimal(2), Decimal(3)).args == [1, "2", "3"]
    assert registry.find("Many").perform([1, "2", "3"]) == (1, (Decimal(2), Decimal(3)))
    assert registry.find("Many").perform([1]) == (1, ())


def test_defaults_that_hold_a_place_are_written_as_their_type() -> None:
    @worker(name="Late", registry=Registry())
    def late(at: datetime = datetime(2030, 1, 1), count: int = 1) -> None: ...

    assert late.job(count=2).args == ["2030-01-01T00:00:00", 2]
    assert late.job().args == []


def test_a_class_of_ones_own_module_may_be_defined_below_the_job_that_takes_it() -> None:
    registry = Registry()
    names: dict[str, Any] = {"worker": worker, "registry": registry, "attrs": attrs, "__name__": "elsewhere"}
    exec("@worker(registry=registry)\ndef early(a: 'Later', b: 'Nowhere' = None): return a, b", names)
    exec("@attrs.frozen\nclass Later:\n    x: int", names)

    job = names["early"].job(names["Later"](1), {"left": "alone"})

    assert job.args == [{"x": 1}, {"left": "alone"}]
    assert registry.find("early").perform(job.args) == (names["Later"](1), {"left": "alone"})


def test_methods_of_every_kind_are_typed() -> None:
    def method(self: object, at: date) -> date:
        return at

    def static(at: date) -> date:
        return at

    def of_class(cls: object, at: date) -> date:
        return at

    performs: list[Callable[..., Any]] = [method, staticmethod(static), classmethod(of_class)]  # type: ignore[list-item]
    for perform in performs:
        registry = Registry()
        made: Any = worker(registry=registry)(type("Made", (JobClass,), {"perform": perform}))
        assert made.job(date(2030, 1, 1)).args == ["2030-01-01"]
        assert registry.find("Made").perform(["2030-01-01"]) == date(2030, 1, 1)


@attrs.frozen
class Ambiguous:
    at: datetime | str


@pytest.mark.parametrize("type_", [date | str, list[UUID | Colour], timedelta | float, Ambiguous, Pair], ids=str)
def test_an_annotation_that_json_cannot_serve_is_refused_when_it_is_registered(type_: Any) -> None:
    with pytest.raises(TypeError, match=r"^Echo: no JSON can be read as the one, "):
        echo(type_)
    build, _ = echo(type_, args_keys="plain")
    assert build.job("x").args == ["x"]
