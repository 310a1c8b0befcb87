"""Where a dashboard listens, as a setting says it."""

from __future__ import annotations

import pytest

from verk_actors.errors import ConfigError
from verk_actors.settings.address import Address
from verk_actors.settings.config import Config
from verk_actors.settings.web_address import DEFAULT_PORT, WebAddress, web_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:80", WebAddress(address=Address("127.0.0.1", 80))),
        ("127.0.0.1:0?read_only", WebAddress(address=Address("127.0.0.1", 0), read_only=True)),
        ("localhost", WebAddress(address=Address("localhost", DEFAULT_PORT))),
        ("[::1]:80", WebAddress(address=Address("::1", 80))),
        ("127.8.9.1:80", WebAddress(address=Address("127.8.9.1", 80))),
        ("ada:p%40ss@0.0.0.0:80", WebAddress(address=Address("0.0.0.0", 80), credentials="ada:p@ss")),
        ("0.0.0.0:80?insecure&read_only", WebAddress(address=Address("0.0.0.0", 80), insecure=True, read_only=True)),
        ("", None),
    ],
)
def test_a_text_is_read(text, address):
    assert web_address(text) == address
    assert Config(web=text).web == address


@pytest.mark.parametrize("text", ["0.0.0.0:80", "[::]:80", "jobs.example:80", "127.0.0.1.example:80", "10.0.0.1"])
def test_other_machines_come_in_only_with_a_password_or_where_it_is_said_that_they_may_without(text):
    with pytest.raises(ConfigError, match="an address of this machine alone"):
        Config(web=text)

    assert Config(web=f"ada:secret@{text}").web.credentials == "ada:secret"
    assert Config(web=f"{text}?insecure").web.insecure


@pytest.mark.parametrize(
    "text",
    [":80", "host:port", "127.0.0.1:80/path", "127.0.0.1:99999", "127.0.0.1?safe", "a:secret@:80", "a:secret@h:80/x"],
)
def test_what_is_no_address_is_refused_without_its_password(text):
    with pytest.raises(ConfigError) as refused:
        Config(web=text)

    assert "USER:PASSWORD@" in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("text", ["ada@127.0.0.1", ":secret@127.0.0.1", "ada:@127.0.0.1"])
def test_a_user_needs_a_password_and_a_password_a_user(text):
    with pytest.raises(ConfigError, match="both a user and a password") as refused:
        Config(web=text)

    assert "secret" not in str(refused.value)


def test_no_view_of_it_shows_the_password():
    config = Config(web="ada:secret@0.0.0.0:80?read_only")

    assert "secret" not in f"{config!r} {config.web} {config.web!r}"
    assert str(config.web) == "***@0.0.0.0:80?read_only"


@pytest.mark.parametrize("value", [8375, {"host": "127.0.0.1"}])
def test_anything_but_a_text_is_refused(value):
    with pytest.raises(ConfigError, match="web="):
        Config(web=value)


def test_where_it_is_known_by_which_names_it_is_asked_others_are_not_answered():
    assert WebAddress(address=Address("127.8.9.1", 1)).names == {"localhost", "127.0.0.1", "::1", "127.8.9.1"}
    assert WebAddress(address=Address("0.0.0.0", 1), insecure=True).names is None
