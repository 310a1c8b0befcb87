"""A URL of several servers, which know where the one is that holds the keys: Sentinels, or a Redis Cluster.

Read by `redis_url`, which masks it, and by the store, which asks them; it opens nothing itself.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias
from urllib.parse import parse_qsl, quote

import attrs

Address: TypeAlias = tuple[str, int]

SECRETS = ("sentinel_username", "sentinel_password")
"""The query parameters that hold the Sentinels' own user and password."""

_FORM = re.compile(
    r"(?P<tls>rediss?)\+(?P<kind>sentinel|cluster)://(?:(?P<user>[^@/?#]*)@)?(?P<hosts>[^@/?#]+)"
    r"(?P<path>/[^?#]*)?(?:\?(?P<query>[^#]*))?"
)
_HOST = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]:\s]+)(?::(?P<port>[0-9]{1,5}))?")
_PATHS = {"sentinel": re.compile(r"/(?P<service>[A-Za-z0-9._-]+)(?:/(?P<db>[0-9]+))?"), "cluster": re.compile(r"/?")}
_PORTS = {"sentinel": 26379, "cluster": 6379}


@attrs.frozen(kw_only=True)
class Seeds:
    """The servers to ask, and how to build the URL of one that they name.

    Attributes:
        kind: whom one asks.
        addresses: hosts and ports, as given.
        service: what the Sentinels call the server; empty for a cluster.
    """

    kind: Literal["sentinel", "cluster"]
    addresses: tuple[Address, ...]
    service: str
    _scheme: str
    _user: str | None = attrs.field(repr=False)
    _seed_user: str | None = attrs.field(repr=False)
    _database: str
    _query: str

    @classmethod
    def parse(cls, value: str) -> Seeds:
        """Return the seeds of a URL; its query's parameters are not judged.

        Raises:
            ValueError: it has another form. The error's text says no more.
        """
        url = _FORM.fullmatch(value)
        path = _PATHS[url["kind"]].fullmatch(url["path"] or "") if url is not None else None
        if url is None or path is None:
            raise ValueError("no URL of Sentinels or of a cluster")
        query = dict(parse_qsl(url["query"] or "", keep_blank_values=True))
        secrets = [quote(query.pop(name, ""), safe="") for name in SECRETS]
        found = {"service": "", "db": ""} | path.groupdict("")
        return cls(
            kind="cluster" if url["kind"] == "cluster" else "sentinel",
            addresses=tuple(_address(host, _PORTS[url["kind"]]) for host in url["hosts"].split(",")),
            service=found["service"],
            scheme=url["tls"],
            user=url["user"],
            seed_user=url["user"] if url["kind"] == "cluster" else ":".join(secrets) if any(secrets) else None,
            database=found["db"] or "0",
            query="&".join(f"{name}={quote(setting)}" for name, setting in query.items()),
        )

    @property
    def has_password(self) -> bool:
        """Whether a password is in the URL, of the server or of the Sentinels."""
        return any((user or "").partition(":")[2] for user in (self._user, self._seed_user))

    def seed_url(self, address: Address) -> str:
        """Return the URL, secrets included, of one that can be asked, such as those of `addresses`."""
        return self._url(self._seed_user, address, "0")

    def server_url(self, address: Address) -> str:
        """Return the URL, secrets included, of the server itself, at the address where it was found."""
        return self._url(self._user, address, self._database)

    def _url(self, user: str | None, address: Address, database: str) -> str:
        host, port = address
        at = f"{user}@" if user else ""
        query = f"?{self._query}" if self._query else ""
        return f"{self._scheme}://{at}{f'[{host}]' if ':' in host else host}:{port}/{database}{query}"


def _address(text: str, port: int) -> Address:
    host = _HOST.fullmatch(text)
    if host is None or int(host["port"] or port) not in range(1, 65536):
        raise ValueError("no host and port")
    return host["host"].strip("[]"), int(host["port"] or port)
