"""The Redis URL: what it accepts, and that it never shows a secret."""

from __future__ import annotations

import pickle
import traceback

import attrs
import pytest

from verk_actors.config import Config
from verk_actors.errors import ConfigError
from verk_actors.redis_url import RedisUrl


@pytest.mark.parametrize(
    "value",
    [
        "redis://localhost",
        "redis://localhost:6379/3",
        "redis://user:pass@[::1]:6379/0?db=2",
        "rediss://host/0?ssl_ca_certs=/etc/ca.pem&ssl_cert_reqs=required",
        "unix:///run/redis.sock?db=1",
        "unix:///run/with@sign.sock",
        "embedded:./.verk",
        "embedded:/var/lib/verk",
    ],
)
def test_a_url_of_an_allowed_form_is_kept_as_it_is(value: str) -> None:
    assert RedisUrl(value).value == value


@pytest.mark.parametrize(
    "value",
    [
        "",
        "localhost:6379",
        "http://localhost",
        "REDIS://localhost",
        "redis:localhost",
        "redis://",
        "redis://:6379",
        "redis://host:port",
        "redis://host:70000",
        "redis://host/zero",
        "redis://host/0/1",
        "redis://host/0#1",
        "redis://host?db=-1",
        "redis://host?db",
        "unix://",
        "unix:///",
        "unix://relative.sock",
        "embedded:",
        6379,
        None,
    ],
)
def test_any_other_form_is_refused_naming_what_is_allowed(value: str) -> None:
    with pytest.raises(ConfigError) as raised:
        RedisUrl(value)

    assert raised.value.key == "redis_url"
    assert "redis://" in raised.value.allowed or "db" in raised.value.allowed


@pytest.mark.parametrize(
    "value",
    [
        "rediss://host?ssl_cert_reqs=none",
        "rediss://host?ssl_cert_reqs=optional",
        "rediss://host?ssl_check_hostname=false",
        "redis://host?ssl_cert_reqs=required",
        "redis://host?socket_timeout=1",
    ],
)
def test_no_query_turns_off_a_check_or_overrides_what_the_store_decides(value: str) -> None:
    with pytest.raises(ConfigError):
        RedisUrl(value)


def test_a_text_form_shows_where_redis_is_but_not_the_password() -> None:
    url = RedisUrl("rediss://user:s3cret@host:6380/1?ssl_ca_certs=/ca.pem")

    shown = "rediss://***@host:6380/1?ssl_ca_certs=/ca.pem"
    assert (str(url), repr(url), f"{url}") == (shown, f"RedisUrl('{shown}')", shown)


def test_no_view_of_a_config_shows_the_password() -> None:
    config = Config(redis_url="redis://:s3cret@host")

    assert "s3cret" not in f"{config!r} {config} {attrs.asdict(config)} {attrs.astuple(config)}"


@pytest.mark.parametrize(
    "value",
    [
        "redis://:s3cret@host/nonsense",
        "redis://:s3/cret@host",
        "redis://:s3?cret@host",
        "redis://:s3#cret@host",
        "redis://:s3@cret@host/x",
        "redis://:12/cret@host",
        "redis://:s3\ncret@host/x",
        "redis://host?password=s3cret",
        "redis://host?pass%77ord=s3cret",
        "https://me:s3cret@host",
    ],
)
def test_the_error_for_a_bad_url_does_not_show_the_password_either(value: str) -> None:
    with pytest.raises(ConfigError) as raised:
        RedisUrl(value)

    assert "cret" not in "".join(traceback.format_exception_only(raised.value)) + repr(raised.value)


def test_an_embedded_url_tells_its_directory() -> None:
    assert RedisUrl("embedded:./.verk").embedded_directory == "./.verk"
    assert RedisUrl("unix:///run/redis.sock").embedded_directory is None


def test_a_url_can_be_pickled_compared_and_hashed_but_not_changed() -> None:
    url = RedisUrl("redis://:s3cret@host")

    assert pickle.loads(pickle.dumps(url)) == url == RedisUrl("redis://:s3cret@host")
    assert len({url, RedisUrl("redis://:s3cret@host"), RedisUrl("redis://host")}) == 2
    with pytest.raises(AttributeError):
        url._value = "redis://elsewhere"


@pytest.mark.parametrize(
    ("url", "has_one"),
    [
        ("redis://:s3cret@host", True),
        ("rediss://me:s3%40cret@host:6380/1", True),
        ("unix://me:s3cret@/run/redis.sock", True),
        ("redis://me@host:6379/0", False),
        ("redis://host:6379", False),
        ("unix:///run/a:b@c.sock", False),
        ("embedded:a:b@c", False),
    ],
)
def test_a_url_tells_whether_it_holds_a_password(url: str, has_one: bool) -> None:
    assert RedisUrl(url).has_password is has_one
