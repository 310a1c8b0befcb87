"""The Redis URL: what it accepts, and that it never shows a secret."""

from __future__ import annotations

import copy
import pickle
import traceback

import attrs
import pytest

from verk_actors.errors import ConfigError
from verk_actors.settings.config import Config
from verk_actors.settings.redis_url import RedisUrl


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
        "redis+sentinel://one/verk",
        "redis+sentinel://user:pass@one:26379,two,[::1]:26381/verk-1.main/3?sentinel_username=u&sentinel_password=p",
        "rediss+sentinel://one/verk?ssl_ca_certs=/ca.pem&sentinel_password=p",
        "redis+cluster://one:7000,two:7001",
        "rediss+cluster://user:pass@one:7000/?ssl_certfile=/c.pem&ssl_keyfile=/k.pem",
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
        "redis+sentinel://one",
        "redis+sentinel://one/",
        "redis+sentinel:///verk",
        "redis+sentinel://one,/verk",
        "redis+sentinel://one:99999/verk",
        "redis+sentinel://one:0/verk",
        "redis+sentinel://one/verk/main",
        "redis+sentinel://one/verk/0/1",
        "redis+sentinel://one/verk/0#1",
        "redis+cluster://one/0",
        "redis+cluster://",
        "redis+cluster://::1",
        "redis+proxy://one",
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
        "rediss+sentinel://host/verk?ssl_cert_reqs=none",
        "rediss+cluster://host?ssl_cert_reqs=optional",
        "redis+sentinel://host/verk?ssl_ca_certs=/ca.pem",
        "redis+cluster://host?sentinel_password=p",
        "redis+cluster://host?db=1",
    ],
)
def test_no_query_turns_off_a_check_or_overrides_what_the_store_decides(value: str) -> None:
    with pytest.raises(ConfigError):
        RedisUrl(value)


def test_a_text_form_shows_where_redis_is_but_not_the_password() -> None:
    url = RedisUrl("rediss://user:s3cret@host:6380/1?ssl_ca_certs=/ca.pem")

    shown = "rediss://***@host:6380/1?ssl_ca_certs=/ca.pem"
    assert (str(url), repr(url), f"{url}") == (shown, f"RedisUrl('{shown}')", shown)


def test_a_text_form_shows_the_sentinels_but_none_of_the_two_passwords() -> None:
    url = RedisUrl("redis+sentinel://u:s3cret@one,two/verk?sentinel_username=watcher&sentinel_password=0ther")

    shown = "redis+sentinel://***@one,two/verk?sentinel_username=***&sentinel_password=***"
    assert (str(url), repr(url)) == (shown, f"RedisUrl('{shown}')")
    assert all(secret not in repr(url.seeds) for secret in ("s3cret", "0ther", "watcher"))


def test_a_text_form_shows_nothing_of_a_password_with_an_unescaped_at_sign() -> None:
    assert "cret" not in str(RedisUrl("redis+sentinel://one/verk?sentinel_password=s3@cret"))


@pytest.mark.parametrize("value", ["unix:///run/a:b@c&d.sock?db=1", "embedded:a:b@c&d?e", "embedded:/var/lib/a@b"])
def test_a_text_form_shows_a_path_as_it_is(value: str) -> None:
    assert str(RedisUrl(value)) == value


def test_the_error_for_a_query_shows_the_name_that_is_wrong() -> None:
    with pytest.raises(ConfigError, match=r"redis://host\?socket_timeout=\*\*\*"):
        RedisUrl("redis://host?socket_timeout=1")


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
        "redis+sentinel://me:s3cret@host",
        "redis+sentinel://me:s3/cret@host/verk",
        "redis+sentinel://host/no?thing&sentinel_password=s3cret",
        "redis+cluster://:s3cret@one,two/0",
        "redis+cluster://host?sentinel_password=s3cret",
        "redis+sentinel://host/verk?sentinel_password=s3&cret",
        "redis+sentinel://host/verk?sentinel_password=s3&cret==",
        "redis+sentinel://host/verk/x?sentinel_password=s3@cret",
        "redis+sentinel://host/verk?sentinel_password=s3@host&cret",
        "redis:cret:s3cret@host/0",
        "redis:/cret:s3cret@host/0",
        "redis:///cret:s3cret@host/0",
        "unix:cret:s3cret@/run/redis.sock",
        "unix:///run/redis.sock?s3cret",
        "cret:s3cret@host:6379",
        "s3cret@host",
    ],
)
def test_the_error_for_a_bad_url_does_not_show_the_password_either(value: str) -> None:
    with pytest.raises(ConfigError) as raised:
        RedisUrl(value)

    assert "cret" not in "".join(traceback.format_exception_only(raised.value)) + repr(raised.value)


def test_an_embedded_url_tells_its_directory() -> None:
    assert RedisUrl("embedded:./.verk").embedded_directory == "./.verk"
    assert RedisUrl("unix:///run/redis.sock").embedded_directory is None


def test_a_url_can_be_compared_and_hashed_but_not_changed() -> None:
    url = RedisUrl("redis://:s3cret@host")

    assert url == RedisUrl("redis://:s3cret@host")
    assert len({url, RedisUrl("redis://:s3cret@host"), RedisUrl("redis://host")}) == 2
    with pytest.raises(AttributeError):
        url._value = "redis://elsewhere"


def test_the_url_of_a_cluster_is_that_of_the_server_that_holds_the_namespace() -> None:
    url = Config(redis_url="redis+cluster://one,two", namespace="{verk}:app").redis_url

    assert url.hash_tag == "verk"
    assert pickle.loads(pickle.dumps(url)) == url != RedisUrl("redis+cluster://one,two")
    assert attrs.evolve(Config(redis_url=url, namespace="{a}"), namespace="{b}").redis_url.hash_tag == "b"
    assert Config(redis_url="redis+sentinel://one/verk", namespace="{verk}").redis_url.hash_tag is None


@pytest.mark.parametrize("namespace", ["", "verk", "{}", "{}{verk}", "{verk", "verk}"])
def test_a_cluster_without_a_hash_tag_is_refused_naming_what_is_missing(namespace: str) -> None:
    with pytest.raises(ConfigError, match="hash tag") as raised:
        Config(redis_url="redis+cluster://:s3cret@one,two", namespace=namespace)

    assert raised.value.key == "namespace"
    assert "cret" not in str(raised.value)


def test_a_url_is_copied_and_pickled_but_not_pickled_with_a_secret() -> None:
    url, secret = RedisUrl("redis://host/1"), RedisUrl("redis://:s3cret@host")

    assert pickle.loads(pickle.dumps(url)) == url
    assert copy.deepcopy(secret) == copy.copy(secret) == secret
    with pytest.raises(TypeError, match=r"redis://\*\*\*@host isn't pickled"):
        pickle.dumps(Config(redis_url=secret))


@pytest.mark.parametrize(
    ("value", "bares"),
    [
        ("redis://:s3cret@redis.example/0", True),
        ("redis://user:s3cret@10.0.0.7:6379", True),
        ("redis://:s3cret@[2001:db8::1]", True),
        ("rediss://:s3cret@redis.example", False),
        ("redis://redis.example", False),
        ("redis://user@redis.example", False),
        ("redis://:s3cret@localhost", False),
        ("redis://:s3cret@127.0.0.2", False),
        ("redis+sentinel://:s3cret@one,127.0.0.1/main", True),
        ("redis+sentinel://127.0.0.1,two/main?sentinel_password=s3cret", True),
        ("redis+sentinel://:s3cret@127.0.0.1,localhost/main", False),
        ("redis+cluster://:s3cret@one", True),
        ("redis+cluster://one", False),
        ("rediss+cluster://:s3cret@one", False),
        ("redis://:s3cret@[::1]:6379", False),
        ("unix:///run/redis.sock", False),
        ("embedded:.verk", False),
        ("redis+sentinel://:s3cret@localhost,redis.example/verk", True),
        ("redis+sentinel://redis.example/verk?sentinel_password=s3cret", True),
        ("redis+sentinel://:s3cret@localhost,[::1]:26379/verk", False),
        ("rediss+sentinel://:s3cret@redis.example/verk", False),
        ("redis+cluster://:s3cret@redis.example", True),
    ],
)
def test_a_password_is_bare_where_it_leaves_this_machine_without_tls(value: str, bares: bool) -> None:
    assert RedisUrl(value).bares_password is bares


@pytest.mark.parametrize(
    ("url", "has_one"),
    [
        ("redis://:s3cret@host", True),
        ("rediss://me:s3%40cret@host:6380/1", True),
        ("redis+sentinel://:s3cret@host,[::1]/verk", True),
        ("redis+sentinel://host/verk?sentinel_username=watch&sentinel_password=s3cret", True),
        ("redis+sentinel://user@host/verk?sentinel_username=watch", False),
        ("rediss+cluster://me:s3cret@host", True),
        ("unix://me:s3cret@/run/redis.sock", True),
        ("redis+sentinel://:s3cret@host/main", True),
        ("redis+sentinel://host/main?sentinel_password=s3cret", True),
        ("redis+sentinel://host/main?sentinel_username=me", False),
        ("redis://me@host:6379/0", False),
        ("redis://host:6379", False),
        ("unix:///run/a:b@c.sock", False),
        ("embedded:a:b@c", False),
    ],
)
def test_a_url_tells_whether_it_holds_a_password(url: str, has_one: bool) -> None:
    assert RedisUrl(url).has_password is has_one
