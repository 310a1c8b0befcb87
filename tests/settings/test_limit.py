"""What a limit may be, and what it is called in Redis."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from verk_actors.errors import ConfigError
from verk_actors.jobs.job_class import worker
from verk_actors.jobs.registry import Registry
from verk_actors.settings.config import Config
from verk_actors.settings.limit import Limit, limits_of, name_of_id
from verk_actors.settings.queues import QueueConfig


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"concurrency": 1, "rate": 1},
        {"concurrency": 0},
        {"concurrency": True},
        {"concurrency": 1, "per": "queue"},
        {"concurrency": 1, "burst": 1},
        {"rate": 1, "per": "node"},
        {"rate": 1, "period_seconds": 0},
        {"rate": 1, "burst": 0},
        {"concurrency": 1, "key": ""},
        {"concurrency": 1, "key": -1},
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        Limit("api", **fields)


@pytest.mark.parametrize("name", ["", "a:b", "a b", 1])
def test_a_name_is_plain(name: Any) -> None:
    with pytest.raises(ConfigError):
        Limit(name, concurrency=1)


@pytest.mark.parametrize(("rate", "period", "burst"), [(1, 60.0, 1), (10, 1.0, 1), (100, 1.0, 10), (60_000, 60.0, 100)])
def test_the_burst_of_a_rate_is_what_it_has_in_a_tenth_of_a_second_unless_it_is_given(
    rate: int, period: float, burst: int
) -> None:
    assert Limit("api", rate=rate, period_seconds=period).at_once == burst
    assert Limit("api", rate=rate, period_seconds=period, burst=7).at_once == 7


def perform(first: Any, second: Any = "eu", *rest: Any) -> None:
    """Has parameters."""


@pytest.mark.parametrize(
    ("key", "args", "id_"),
    [
        (None, ["a"], "api"),
        ("first", ["a"], "api:a"),
        ("second", ["a", 5], "api:5"),
        ("second", ["a"], "api:eu"),
        (0, [None], "api:null"),
        (2, ["a", "b", {"y": [1], "x": "ü:"}], 'api:{"x":"\\u00fc:","y":[1]}'),
        (7, ["a"], "api:null"),
        ("first", ["x" * 101], f"api:sha256-{'9b2b2a7b'}"),
        ("first", ["a\nb"], "api:sha256-"),
        ("first", ["\ud800"], "api:sha256-"),
        ("other", ["a"], "api:null"),
    ],
)
def test_with_a_key_it_holds_for_each_value_of_an_argument(key: Any, args: list[Any], id_: str) -> None:
    found = Limit("api", concurrency=1, key=key).id_for(args, inspect.signature(perform))

    assert found == id_ if "sha256" not in id_ else found.startswith("api:sha256-")
    assert name_of_id(found) == "api"


def test_of_a_perform_that_is_not_known_the_arguments_have_indexes_alone() -> None:
    assert Limit("api", concurrency=1, key=0).id_for(["a"], None) == "api:a"
    assert Limit("api", concurrency=1, key="first").id_for(["a"], None) == "api:null"


def test_limits_are_given_as_one_or_several_and_as_tables_of_toml() -> None:
    table = {"name": "mail", "rate": 10, "period_seconds": 60.0}
    settings = QueueConfig(limits=[Limit("api", concurrency=2), table])  # type: ignore[list-item, arg-type]

    assert settings.limits == (Limit("api", concurrency=2), Limit("mail", rate=10, period_seconds=60.0))
    assert limits_of(Limit("api", concurrency=2)) == (Limit("api", concurrency=2),)
    assert Config(queues={"q": {"limits": table}}).queues["q"].limits == settings.limits[1:]  # type: ignore[dict-item]


@pytest.mark.parametrize(
    "limits", ["api", [5], {"concurrency": 5}, {"name": "a", "size": 5}, [Limit("a", rate=1), Limit("a", rate=1)]]
)
def test_what_is_no_limit_is_refused_by_a_queue(limits: Any) -> None:
    with pytest.raises(ConfigError):
        Config(queues={"q": {"limits": limits}})  # type: ignore[dict-item]


def test_classes_share_a_limit_by_its_name_and_have_to_mean_the_same() -> None:
    registry = Registry()
    worker(name="One", registry=registry, limits=Limit("api", concurrency=2, key="first"))(perform)
    worker(name="Two", registry=registry, limits=Limit("api", concurrency=2, key="second"))(perform)

    with pytest.raises(ValueError, match="another class has it as 2 at a time for each first"):
        worker(name="Three", registry=registry, limits=Limit("api", concurrency=3, key="first"))(perform)
    with pytest.raises(TypeError, match="no argument 'third'"):
        worker(name="Four", registry=registry, limits=Limit("mail", concurrency=3, key="third"))(perform)
    assert registry.names() == ["One", "Two"]
    assert registry.limited["Two"] == (Limit("api", concurrency=2, key="second"),)
