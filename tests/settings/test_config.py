"""The configuration: defaults, checks, and where settings come from."""

from __future__ import annotations

import os
import pickle
import re
from pathlib import Path
from typing import Any

import attrs
import pytest

from verk_actors.errors import ConfigError
from verk_actors.settings.config import Config
from verk_actors.settings.queues import QueueConfig
from verk_actors.settings.redis_url import RedisUrl


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty current directory, with no `VERK_*` variable set."""
    for name in os.environ:
        if name.startswith("VERK_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_defaults_are_those_of_the_rulings() -> None:
    config = Config()

    assert (config.queues, config.redis_url) == ({}, RedisUrl("redis://127.0.0.1:6379/0"))
    assert (config.max_retry_count, config.max_dead_jobs) == (25, 10_000)
    assert config.dead_timeout_seconds == 180 * 24 * 3600
    assert (config.heartbeat_seconds, config.lease_seconds) == (10.0, 20.0)
    assert (config.poll_interval_seconds, config.shutdown_timeout_seconds) == (5.0, 30.0)
    assert (config.max_restarts, config.restart_window_seconds) == (3, 5.0)
    assert (config.backtrace_frames, config.wire_format, config.namespace) == (25, "sidekiq", "")


def test_a_queue_is_given_by_its_size_or_by_its_settings() -> None:
    config = Config(queues={"default": 25, "mail": QueueConfig(size=3, prefetch=6)})

    assert config.queues == {"default": QueueConfig(size=25), "mail": QueueConfig(size=3, prefetch=6)}


def test_a_generated_node_id_is_new_each_time_and_is_not_fixed() -> None:
    first, second = Config(), Config()

    assert first.node_id != second.node_id
    assert re.fullmatch(rf"[A-Za-z0-9_.\-]+-{os.getpid()}-[0-9a-f]{{8}}", first.node_id)
    assert not first.node_id_fixed


def test_a_chosen_node_id_is_fixed() -> None:
    assert Config(node_id="1").node_id_fixed


def test_a_generated_node_id_stays_one_through_evolve_and_pickle() -> None:
    config = Config()

    for copy in (attrs.evolve(config, block_seconds=1.0), pickle.loads(pickle.dumps(config))):
        assert (copy.node_id, copy.node_id_fixed) == (config.node_id, False)
    assert attrs.evolve(config, node_id="1").node_id_fixed


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("max_retry_count", -1),
        ("max_retry_count", 2.5),
        ("max_retry_count", True),
        ("max_retry_count", "25"),
        ("event_buffer", 0),
        ("heartbeat_seconds", 0),
        ("heartbeat_seconds", True),
        ("heartbeat_seconds", float("nan")),
        ("heartbeat_seconds", float("inf")),
        ("shutdown_timeout_seconds", -1.0),
        ("wire_format", "resque"),
        ("start_job_log_level", "loud"),
        ("start_job_log_level", ["info"]),
        ("node_id", ""),
        ("node_id", "a:b"),
        ("node_id", 1),
        ("namespace", "no blanks"),
        ("queues", ["default"]),
    ],
)
def test_a_value_that_is_not_allowed_is_refused_naming_the_key_and_the_value(key: str, value: Any) -> None:
    with pytest.raises(ConfigError) as raised:
        Config(**{key: value})

    assert raised.value.key == key
    assert raised.value.value is value
    assert raised.value.allowed


@pytest.mark.parametrize(
    ("queues", "key"),
    [
        ({"default": 0}, "queues.default.size"),
        ({"default": True}, "queues.default.size"),
        ({"default": {"prefetch": -1}}, "queues.default.prefetch"),
        ({"default": {"sise": 1}}, "key of queues.default"),
        ({"no blanks": 1}, "queues"),
        ({"x" * 129: 1}, "queues"),
        ({1: 1}, "queues"),
    ],
)
def test_a_bad_queue_is_refused_naming_it(queues: Any, key: str) -> None:
    with pytest.raises(ConfigError) as raised:
        Config(queues=queues)

    assert raised.value.key == key


def test_whole_seconds_may_be_written_without_a_point() -> None:
    assert Config(poll_interval_seconds=1).poll_interval_seconds == 1


def test_each_setting_has_a_variable() -> None:
    environ = {
        "VERK_QUEUES": "default:25, priority:10,bulk",
        "VERK_REDIS_URL": "unix:///run/redis.sock",
        "VERK_NODE_ID": "1",
        "VERK_MAX_RETRY_COUNT": "3",
        "VERK_POLL_INTERVAL_SECONDS": "0.5",
        "VERK_WIRE_FORMAT": "verk",
        "HOME": "/root",
    }

    assert Config.from_env(environ) == Config(
        queues={"default": 25, "priority": 10, "bulk": 25},
        redis_url="unix:///run/redis.sock",
        node_id="1",
        max_retry_count=3,
        poll_interval_seconds=0.5,
        wire_format="verk",
    )


@pytest.mark.parametrize(
    ("name", "text", "key", "value"),
    [
        ("VERK_MAX_RETRY_COUNT", "many", "max_retry_count (VERK_MAX_RETRY_COUNT)", "many"),
        ("VERK_MAX_RETRY_COUNT", "-1", "max_retry_count (VERK_MAX_RETRY_COUNT)", -1),
        ("VERK_HEARTBEAT_SECONDS", "10s", "heartbeat_seconds (VERK_HEARTBEAT_SECONDS)", "10s"),
        ("VERK_QUEUES", "default:lots", "queues.default.size (VERK_QUEUES)", "lots"),
        ("VERK_REDIS_URL", "redis://:s3cret@host/x", "redis_url (VERK_REDIS_URL)", "redis://***@host/x"),
    ],
)
def test_a_bad_variable_is_refused_naming_it(name: str, text: str, key: str, value: object) -> None:
    with pytest.raises(ConfigError) as raised:
        Config.from_env({name: text})

    assert (raised.value.key, raised.value.value) == (key, value)


def test_a_variable_that_is_no_setting_is_refused_naming_the_nearest_one() -> None:
    with pytest.raises(ConfigError) as raised:
        Config.from_env({"VERK_QUEUS": "default:25"})

    assert (raised.value.value, raised.value.allowed) == ("VERK_QUEUS", "VERK_QUEUES")


@pytest.mark.parametrize(
    "name",
    [
        "VERK_REDIS_SERVER",
        "VERK_TEST_REDIS_URL",
        "VERK_SERVICE_HOST",
        "VERK_SERVICE_PORT_HTTP",
        "VERK_PORT",
        "VERK_PORT_80_TCP_ADDR",
        "VERK_WEB_SERVICE_HOST",
        "VERK_WEB_PORT_80_TCP",
    ],
)
def test_variables_of_the_launcher_of_the_tests_and_of_kubernetes_are_no_mistakes(name: str) -> None:
    assert Config.from_env({name: "tcp://10.0.0.1:80"}, node_id="1") == Config(node_id="1")


def test_arguments_come_before_variables_unless_they_are_none() -> None:
    environ = {"VERK_NODE_ID": "1", "VERK_MAX_RETRY_COUNT": "3"}

    config = Config.from_env(environ, node_id="2", max_retry_count=None)

    assert (config.node_id, config.max_retry_count) == ("2", 3)


def test_an_argument_that_is_no_setting_is_refused_naming_the_nearest_one() -> None:
    with pytest.raises(ConfigError, match="poll_interval_seconds"):
        Config.from_env({}, poll_interval=5.0)


TOML = """
node_id = "1"
heartbeat_seconds = 5

[queues]
default = 25
mail = { size = 3, prefetch = 6 }
"""
FROM_TOML = Config(node_id="1", heartbeat_seconds=5, queues={"default": 25, "mail": QueueConfig(size=3, prefetch=6)})


def test_a_toml_file_has_settings_at_its_top_level(tmp_path: Path) -> None:
    (tmp_path / "verk.toml").write_text(TOML)

    assert Config.from_toml(tmp_path / "verk.toml") == FROM_TOML


def test_a_pyproject_has_settings_in_a_table_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        "[project]\nname = 'x'\n[tool.verk]" + TOML.replace("[queues]", "[tool.verk.queues]")
    )

    assert Config.from_toml(tmp_path / "pyproject.toml") == FROM_TOML


def test_a_pyproject_without_that_table_has_no_settings(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'")

    assert Config.from_toml(tmp_path / "pyproject.toml", node_id="1") == Config(node_id="1")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("node_idd = '1'", "key in .*verk.toml='node_idd' .*: node_id$"),
        ("node_id = 1", r"node_id \(.*verk.toml\)=1"),
        ("queues.default = 0", r"queues.default.size \(.*verk.toml\)=0"),
        ("node_id = ", "file='.*verk.toml' .*readable TOML"),
    ],
)
def test_a_bad_file_is_refused_naming_it_and_the_key(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "verk.toml").write_text(text)

    with pytest.raises(ConfigError, match=why):
        Config.from_toml(tmp_path / "verk.toml")


def test_a_file_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        Config.from_toml(tmp_path / "verk.toml")


def test_a_tool_table_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("tool.verk = 5")

    with pytest.raises(ConfigError, match="a table"):
        Config.from_toml(tmp_path / "pyproject.toml")


def test_load_takes_arguments_before_variables_before_the_file_before_defaults(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "verk.toml").write_text("node_id = 'file'\nnamespace = 'file'\nmax_retry_count = 1")
    monkeypatch.setenv("VERK_NODE_ID", "variable")
    monkeypatch.setenv("VERK_NAMESPACE", "variable")

    config = Config.load(node_id="argument")

    assert (config.node_id, config.namespace, config.max_retry_count) == ("argument", "variable", 1)
    assert config.backtrace_frames == 25


def test_load_prefers_verk_toml_to_pyproject_toml(here: Path) -> None:
    (here / "pyproject.toml").write_text("[tool.verk]\nnode_id = 'pyproject'")
    assert Config.load().node_id == "pyproject"

    (here / "verk.toml").write_text("node_id = 'verk'")
    assert Config.load().node_id == "verk"


def test_load_needs_no_file(here: Path) -> None:
    assert Config.load(node_id="1") == Config(node_id="1")


def test_one_redis_under_two_users_is_refused_without_their_passwords() -> None:
    one, other = (QueueConfig(redis_url=f"redis://{user}:s3cret@far/0") for user in ("one", "other"))

    with pytest.raises(ConfigError, match="each Redis under one user and password") as raised:
        Config(queues={"a": one, "b": other})

    assert "s3cret" not in str(raised.value)


def test_the_servers_of_a_config_are_its_own_and_those_of_its_queues_each_once() -> None:
    queues = {"near": 1, "far": QueueConfig(redis_url="redis://far"), "too": QueueConfig(redis_url="redis://far")}
    config = Config(queues=queues)

    assert config.redis_urls == (config.redis_url, RedisUrl("redis://far"))
    assert config.redis_url_of("far") == RedisUrl("redis://far")
    assert config.redis_url_of("near") == config.redis_url_of("unknown") == config.redis_url
