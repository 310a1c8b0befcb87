"""Where a server of ours listens for HTTP: a host and a port, on this machine alone unless a host is given."""

from __future__ import annotations

import ipaddress
import re
import socket

import attrs

from verk_actors.errors import ConfigError, VerkError

_ALLOWED = "PORT or HOST:PORT, as 7433, 0.0.0.0:7433 or [::]:7433; 0 is any free port"
_TEXT = re.compile(r"(?:(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9_.\-]+)):)?([0-9]{1,5})", re.ASCII)
_LOOPBACK = "127.0.0.1"
_MOST = 65_535


@attrs.define(eq=False)
class CannotListen(VerkError):
    """Raised when a port is taken, or a host is not this machine's; choose another address."""

    address: str
    why: str

    def __str__(self) -> str:
        return f"can't listen on {self.address}: {self.why}"


@attrs.frozen
class Address:
    """A host and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_local(self) -> bool:
        """Whether this machine alone can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def from_here(self) -> Address:
        """Where this machine reaches what listens here: one that listens everywhere listens on its loopback too."""
        return attrs.evolve(self, host={"0.0.0.0": _LOOPBACK, "::": "::1"}.get(self.host, self.host))

    def numbered(self, number: int) -> Address:
        """Return the address of one of several processes, numbered from 1: ports in a row. Port 0 stays."""
        return attrs.evolve(self, port=self.port and self.port + number - 1)


def address_of(key: str, value: object) -> Address | None:
    """Return the address that a setting says: none for None, of a number a port, else what its text says.

    Raises:
        ConfigError: it says none.
    """
    if value is None or isinstance(value, Address):
        return value
    found = _TEXT.fullmatch(str(value)) if isinstance(value, str | int) and value is not True else None
    if found is None or int(found[3]) > _MOST:
        raise ConfigError(key, value, _ALLOWED)
    return Address(found[1] or found[2] or _LOOPBACK, int(found[3]))


def health_address(value: object) -> Address | None:
    """Return the `address_of` the setting `health`."""
    return address_of("health", value)


def listen(address: Address) -> socket.socket:
    """Return a socket that listens there.

    Raises:
        CannotListen: it can't.
    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        return socket.create_server((address.host, address.port), family=family)
    except OSError as error:
        why = (error.strerror or str(error)).partition(" (while ")[0]
        raise CannotListen(str(address), why) from None
