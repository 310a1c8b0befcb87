"""The settings of periodic jobs, from arguments, TOML and the environment."""

from __future__ import annotations

from datetime import date

import pytest

from verk_actors.errors import ConfigError
from verk_actors.settings.config import Config
from verk_actors.settings.cron import CronConfig
from verk_actors.wire.cron_schedule import CronSchedule

TOML = """
[cron.weekly_digest]
class = "Digest"
cron = "30 8 * * 1"
timezone = "America/New_York"
queue = "mail"
args = ["weekly", {deep = [1]}]
catch_up = "all"
catch_up_window_seconds = 60
options = {max_retry_count = 3, unique_for = 600.0}
"""
DIGEST = CronConfig(
    class_="Digest",
    cron="30 8 * * 1",
    timezone="America/New_York",
    queue="mail",
    args=["weekly", {"deep": [1]}],
    catch_up="all",
    catch_up_window_seconds=60,
    options={"max_retry_count": 3, "unique_for": 600.0},
)


def test_they_are_read_from_toml_and_from_the_environment(tmp_path) -> None:
    (tmp_path / "verk.toml").write_text(TOML)
    assert Config.from_toml(tmp_path / "verk.toml").cron == {"weekly_digest": DIGEST}
    variables = {
        "VERK_CRON": '{nightly = {class = "Report", cron = "@daily"}, often = {class = "Ping", cron = "* * * * *"}}'
    }
    assert Config.from_env(variables).cron == {
        "nightly": CronConfig(class_="Report", cron="@daily"),
        "often": CronConfig(class_="Ping", cron="* * * * *"),
    }
    assert DIGEST.schedule == CronSchedule(
        "30 8 * * 1", timezone="America/New_York", catch_up="all", catch_up_window_seconds=60
    )


@pytest.mark.parametrize(
    ("entries", "key"),
    [
        ("nightly", "cron"),
        ({"a b": DIGEST}, "cron"),
        ({"a": "@daily"}, "cron.a"),
        ({"a": {"cron": "@daily"}}, "cron.a.class"),
        ({"a": {"class": "C"}}, "cron.a.cron"),
        ({"a": {"class": "C", "cron": "often"}}, "cron.a.cron"),
        ({"a": {"class": "C", "cron": "@daily", "timezone": "Mars"}}, "cron.a.timezone"),
        ({"a": {"class": "C", "cron": "@daily", "catch_up": "some"}}, "cron.a.catch_up"),
        ({"a": {"class": " ", "cron": "@daily"}}, "cron.a.class"),
        ({"a": {"class": "C", "cron": "@daily", "queue": "a b"}}, "cron.a.queue"),
        ({"a": {"class": "C", "cron": "@daily", "args": "abc"}}, "cron.a.args"),
        ({"a": {"class": "C", "cron": "@daily", "args": [date(2027, 1, 1)]}}, "cron.a.args[0]"),
        ({"a": {"class": "C", "cron": "@daily", "options": {"retries": 3}}}, "cron.a.options"),
        ({"a": {"class": "C", "cron": "@daily", "options": {"unique_for": -1}}}, "cron.a.unique_for"),
        ({"a": {"class": "C", "cron": "@daily", "tz": "UTC"}}, "key of cron.a"),
    ],
)
def test_what_can_not_be_is_refused_with_its_place(entries: object, key: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Config(cron=entries)  # type: ignore[arg-type]
    assert refused.value.key == key
