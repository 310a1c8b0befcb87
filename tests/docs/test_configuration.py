"""docs/configuration.md says what config.py says."""

from __future__ import annotations

import attrs
import pytest
from support.source import REPOSITORY

from verk_actors.settings.config import Config
from verk_actors.settings.cron import CronConfig
from verk_actors.settings.groups import QueueGroup
from verk_actors.settings.queues import QueueConfig


def rows(title: str) -> dict[str, list[str]]:
    """Return the cells of each row of the table under a heading, by its key."""
    section = (REPOSITORY / "docs/configuration.md").read_text().partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    table = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| `")]
    return {cells[0].strip("`"): cells for cells in table}


SETTINGS = [field.name for field in attrs.fields(Config)]


def test_the_table_has_the_settings_in_their_order() -> None:
    assert list(rows("Settings")) == SETTINGS
    assert list(rows("A queue")) == [field.name for field in attrs.fields(QueueConfig)]
    assert (
        list(rows("A group")) == ["queues"] == [field.name for field in attrs.fields(QueueGroup) if not field.inherited]
    )
    assert list(rows("A periodic job")) == [field.name for field in attrs.fields(CronConfig)]


@pytest.mark.parametrize("name", SETTINGS)
def test_a_default_is_the_one_that_holds(name: str) -> None:
    default = rows("Settings")[name][1].strip("`")
    value = getattr(Config(), name)

    if name == "node_id":
        assert default == "generated"
        assert not Config().node_id_fixed
    elif name == "namespace":
        assert default == '""'
        assert value == ""
    else:
        assert default == (value.value if name == "redis_url" else str(value))


@pytest.mark.parametrize("name", ["size", "prefetch"])
def test_a_default_of_a_queue_is_the_one_that_holds(name: str) -> None:
    assert rows("A queue")[name][1] == f"`{getattr(QueueConfig(), name)}`"


@pytest.mark.parametrize("name", ["timezone", "queue", "args", "catch_up", "catch_up_window_seconds", "options"])
def test_a_default_of_a_periodic_job_is_the_one_that_holds(name: str) -> None:
    assert rows("A periodic job")[name][1] == f"`{getattr(CronConfig(class_='C', cron='@daily'), name)}`"


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_is_read_from_the_variable_that_is_named(name: str) -> None:
    variable = rows("Settings")[name][2].split("`")[1]
    others = {
        "queues": "mail:3",
        "groups": "web=a+b:3",
        "cron": '{nightly = {class = "Report", cron = "@daily"}}',
        "redis_url": "redis://other:1/2",
        "wire_format": "verk",
        "args_keys": "plain",
        "web": "127.0.0.1:8375",
    }
    other = (others | {"presence": "no", "log_format": "json"}).get(name, "17")
    if name.endswith("log_level"):
        other = "debug"
    elif name.endswith("middleware") or name in {"backoff", "redact"}:
        other = "app.jobs:function"

    config = Config.from_env({variable: other})

    assert getattr(config, name) != getattr(Config(), name)
