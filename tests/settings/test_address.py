"""Where servers of ours listen."""

from __future__ import annotations

import pytest

from verk_actors.errors import ConfigError
from verk_actors.settings.address import Address, CannotListen, address_of, listen


@pytest.mark.parametrize(
    ("given", "host", "port", "is_local"),
    [
        (7433, "127.0.0.1", 7433, True),
        ("7433", "127.0.0.1", 7433, True),
        ("localhost:0", "localhost", 0, True),
        ("127.0.0.2:1", "127.0.0.2", 1, True),
        ("[::1]:80", "::1", 80, True),
        ("0.0.0.0:80", "0.0.0.0", 80, False),
        ("[::]:80", "::", 80, False),
        ("web.example:80", "web.example", 80, False),
    ],
)
def test_a_port_is_of_this_machine_alone_unless_a_host_is_given(given, host, port, is_local) -> None:
    address = address_of("health", given)

    assert address == Address(host, port)
    assert address.is_local == is_local
    assert address_of("health", str(address)) == address


@pytest.mark.parametrize(
    "given", ["", ":80", "host", "host:", "host:http", "host:70000", "::1:80", True, 1.5, -1, "a b:1"]
)
def test_anything_else_is_refused(given) -> None:
    with pytest.raises(ConfigError, match=r"^health=.* is not allowed: PORT or HOST:PORT"):
        address_of("health", given)


def test_none_is_none() -> None:
    assert address_of("health", None) is None


def test_processes_have_ports_in_a_row() -> None:
    assert [Address("h", 80).numbered(number).port for number in (1, 2, 3)] == [80, 81, 82]
    assert Address("h", 0).numbered(3) == Address("h", 0)


@pytest.mark.parametrize(("host", "reached"), [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("10.1.2.3", "10.1.2.3")])
def test_what_listens_everywhere_is_reached_here(host, reached) -> None:
    assert Address(host, 1).from_here == Address(reached, 1)


def test_a_port_that_is_taken_is_named() -> None:
    with listen(Address("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotListen, match=f"can't listen on 127.0.0.1:{port}: Address already in use"):
            listen(Address("127.0.0.1", port))
