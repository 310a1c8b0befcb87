"""How one queue is worked, and how a text says it."""

from __future__ import annotations

import pytest

from verk_actors.errors import ConfigError
from verk_actors.settings.config import Config
from verk_actors.settings.queues import QueueConfig


@pytest.mark.parametrize(
    ("settings", "key", "value", "allowed"),
    [
        ({"executor": "gevent"}, "executor", "gevent", "one of thread, process, async"),
        ({"timeout_seconds": 1.0}, "timeout_seconds", 1.0, "0, unless the executor is process or async"),
        ({"executor": "process", "timeout_seconds": -1}, "timeout_seconds", -1, "a number of seconds, 0 or more"),
        ({"recycle_after_jobs": 9}, "recycle_after_jobs", 9, "0, unless the executor is process"),
        ({"executor": "async", "recycle_above_megabytes": 9}, "recycle_above_megabytes", 9,
         "0, unless the executor is process"),
    ],
)  # fmt: skip
def test_what_an_executor_cannot_do_is_refused(settings, key: str, value: object, allowed: str) -> None:
    with pytest.raises(ConfigError) as raised:
        QueueConfig(**settings)

    assert (raised.value.key, raised.value.value, raised.value.allowed) == (key, value, allowed)


def test_a_queue_in_a_text_may_name_its_executor() -> None:
    config = Config.from_env({"VERK_QUEUES": "default:25, images:4:process ,io : 1000 : async"})

    assert config.queues == {
        "default": QueueConfig(size=25),
        "images": QueueConfig(size=4, executor="process"),
        "io": QueueConfig(size=1000, executor="async"),
    }
