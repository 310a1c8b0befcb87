"""How a group of queues is worked, and how a text says it."""

from __future__ import annotations

import pytest

from verk_actors.errors import ConfigError
from verk_actors.settings.config import Config
from verk_actors.settings.groups import QueueGroup
from verk_actors.settings.queues import QueueConfig

WEB = QueueGroup(queues={"critical": 3, "default": 1}, size=25)


def test_names_with_weights_are_weighted_and_names_alone_are_strict() -> None:
    assert (WEB.is_strict, QueueGroup(queues=["a", "b"]).is_strict) == (False, True)
    assert list(QueueGroup(queues=("b", "a")).queues) == ["b", "a"]


@pytest.mark.parametrize(
    "queues", [{}, [], "a", {"a": 0}, {"a": 1.5}, {"a": True}, {"a": 1, "b": None}, {"a b": 1}, [7], None]
)
def test_queues_without_a_name_or_with_odd_weights_are_refused(queues: object) -> None:
    with pytest.raises(ConfigError) as refused:
        QueueGroup(queues=queues)  # type: ignore[arg-type]
    assert (refused.value.key, refused.value.value) == ("queues", queues)


@pytest.mark.parametrize(
    ("key", "value", "settings"),
    [
        ("groups", "a", {"queues": {"a": 1}, "groups": {"web": QueueGroup(queues=["a"])}}),
        ("groups", "a", {"groups": {"one": QueueGroup(queues=["a"]), "two": QueueGroup(queues=["a"])}}),
        ("groups", "a", {"groups": {"a": QueueGroup(queues=["a"])}}),
        ("groups", "a", {"queues": {"a": 1}, "groups": {"a": QueueGroup(queues=["b"])}}),
        ("groups", "a b", {"groups": {"a b": QueueGroup(queues=["a"])}}),
        ("groups", ["web"], {"groups": ["web"]}),
        ("groups.web.size", 0, {"groups": {"web": {"queues": ["a"], "size": 0}}}),
        ("groups.web.queues", {}, {"groups": {"web": {"size": 1}}}),
        ("key of groups.web", "sise", {"groups": {"web": {"queues": ["a"], "sise": 1}}}),
        ("queues.web", WEB, {"queues": {"web": WEB}}),
    ],
)
def test_a_queue_is_worked_once_and_no_group_bears_its_name(key: str, value: object, settings: dict) -> None:
    with pytest.raises(ConfigError) as refused:
        Config(**settings)
    assert (refused.value.key, refused.value.value) == (key, value)


def test_all_settings_of_a_queue_hold_for_a_group() -> None:
    config = Config(groups={"web": {"queues": ["a"], "size": 3, "redis_url": "redis://far:1/0"}})  # type: ignore[dict-item]
    assert config.all_queues["a"].size == 3
    assert str(config.redis_url_of("a")) == "redis://far:1/0"
    assert len(config.redis_urls) == 2
    with pytest.raises(ConfigError, match="timeout_seconds"):
        QueueGroup(queues=["a"], timeout_seconds=1)


def test_a_text_names_groups_with_their_queues_weights_size_and_executor() -> None:
    config = Config.from_env(
        {"VERK_GROUPS": "web=critical,3+default:25  batch=first+second:4:process rest=x,2+y,2", "VERK_QUEUES": "q:1"}
    )
    assert config.groups == {
        "web": WEB,
        "batch": QueueGroup(queues=["first", "second"], size=4, executor="process"),
        "rest": QueueGroup(queues={"x": 2, "y": 2}),
    }
    assert list(config.all_queues) == ["q", "critical", "default", "first", "second", "x", "y"]
    assert config.all_queues["q"] == QueueConfig(size=1)


@pytest.mark.parametrize("text", ["web", "web=", "web=a,b:2", "web=a:x", "=a:1", "web=a,-1"])
def test_a_text_that_names_no_group_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        Config.from_env({"VERK_GROUPS": text})
