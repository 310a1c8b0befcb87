"""Where Redis is: a URL that every log line and traceback may show, since it hides its password.

Read by the store; it opens nothing itself.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Self, final
from urllib.parse import SplitResult, parse_qsl, urlsplit

from verk_actors.errors import ConfigError
from verk_actors.settings.redis_seeds import SECRETS, Seeds

_ALLOWED = (
    "redis://[user:password@]host[:port][/db], unix:///path/to/socket[?db=n], embedded:DIRECTORY, "
    "redis+sentinel://[user:password@]host[:port],.../SERVICE[/db] or redis+cluster://[user:password@]host[:port],...; "
    "rediss instead of redis for TLS"
)
_HASH_TAG = "a namespace with a hash tag, such as {verk}: a cluster keeps the keys of one tag on one server"
_TLS_FILES = frozenset({"ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile"})
_SEVERAL = re.compile(r"rediss?\+")
# What a query may say. A closed list: redis-py hands any other parameter to its connection, where a typo
# is a TypeError, a time limit overrides the store's own and `password=` would escape the masking below.
_TLS = frozenset({"ssl_cert_reqs", *_TLS_FILES})
_QUERY = {
    "redis": frozenset({"db"}),
    "rediss": _TLS | {"db"},
    "unix": frozenset({"db"}),
    "redis+sentinel": frozenset(SECRETS),
    "rediss+sentinel": _TLS.union(SECRETS),
    "redis+cluster": frozenset[str](),
    "rediss+cluster": _TLS,
}


@final
class RedisUrl:
    """A checked Redis URL whose repr, str and format show `***` where the user and password stand.

    `value` is the whole URL, secrets included: for the code that connects, never for a log line.
    A plain class rather than an attrs one, so that `attrs.asdict(config)` doesn't unfold it. One with secrets can't
    be pickled: nobody looks into a pickle before it is stored or sent.

    Args:
        value: the URL.
        hash_tag: for a cluster, what all keys have between their first braces; `within` finds it.

    Attributes:
        hash_tag: as given.
        seeds: whom to ask where the server is, for Sentinels and clusters; None where the URL says it.

    Raises:
        ConfigError: the text isn't a URL of an allowed form, or turns off the check of the server's
            certificate. The error shows the masked form.
    """

    __slots__ = ("_value", "hash_tag", "seeds")

    _value: str
    hash_tag: str | None
    seeds: Seeds | None

    def __init__(self, value: str, hash_tag: str | None = None) -> None:
        _check(value)
        object.__setattr__(self, "_value", value)
        object.__setattr__(self, "hash_tag", hash_tag)
        object.__setattr__(self, "seeds", Seeds.parse(value) if _SEVERAL.match(value) else None)

    @property
    def value(self) -> str:
        """The URL as given, with its secrets."""
        return self._value

    @property
    def embedded_directory(self) -> str | None:
        """The directory of the embedded server that is named, None for every other kind of URL."""
        scheme, _, directory = self._value.partition(":")
        return directory if scheme == "embedded" else None

    def within(self, namespace: str) -> RedisUrl:
        """Return the URL of the server that holds the keys of a namespace: itself, unless it is a cluster's.

        Raises:
            ConfigError: it is a cluster's, and the namespace has no hash tag.
        """
        if self.seeds is None or self.seeds.kind != "cluster":
            return self
        tag = re.match(r"[^{]*\{([^}]+)\}", namespace)  # as Redis finds it, between the first braces
        if tag is None:
            raise ConfigError("namespace", namespace, _HASH_TAG)
        return RedisUrl(self._value, tag[1])

    @property
    def has_password(self) -> bool:
        """Whether it holds a password."""
        return bool(urlsplit(self._value).password) if self.seeds is None else self.seeds.has_password

    @property
    def bares_password(self) -> bool:
        """Whether the password crosses a network as it is, for all on the way to read."""
        if not self.has_password or not self._value.startswith(("redis:", "redis+")):
            return False
        hosts = [host for host, _ in self.seeds.addresses] if self.seeds else [urlsplit(self._value).hostname or ""]
        return not all(map(_is_this_machine, hosts))

    def __str__(self) -> str:
        return _masked(self._value)

    def __repr__(self) -> str:
        return f"RedisUrl({_masked(self._value)!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RedisUrl):
            return NotImplemented
        return (self._value, self.hash_tag) == (other._value, other.hash_tag)

    def __hash__(self) -> int:
        return hash((self._value, self.hash_tag))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a RedisUrl is immutable: cannot set {name}")

    def __reduce__(self) -> tuple[type[RedisUrl], tuple[str, str | None]]:
        if _masked(self._value) != self._value:
            raise TypeError(f"{self} isn't pickled: its secrets would be in plain text; hand over its value yourself")
        return RedisUrl, (self._value, self.hash_tag)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _: object) -> Self:
        return self


def _masked(value: str) -> str:
    # These two have no user, and their paths may hold anything.
    path = re.match(r"embedded:(?!//[^/]).*|unix:///[^?]*|", value, re.DOTALL)
    start = path[0] if path is not None else ""
    rest = re.sub(r"([?&])([^=&]*)(=?)([^&]*)", _masked_setting, value[len(start) :])
    if not start:
        # Greedy up to the last "@", since an unescaped password may itself hold "/", "?" or "@". Without "//" it was
        # meant to be a URL, and may hold a secret all the same.
        rest = re.sub(r"\A([\w+]*://|redis[\w+]*:)?.*@", r"\1***@", rest, flags=re.DOTALL)
    return start + rest


def _masked_setting(piece: re.Match[str]) -> str:
    before, name, equals, _ = piece.groups()
    known = frozenset().union(*_QUERY.values())
    if equals and name in known.difference(SECRETS):
        return piece[0]
    end = "***@" if "@" in piece[0] else "***"  # what is before it may be the user's still
    # What follows an "&" may be the rest of a secret, unless it is known as a name.
    return f"{before}{name}={end}" if equals and (name in known or before == "?") else f"{before}{end}"


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check(value: object) -> None:
    if not isinstance(value, str):
        raise ConfigError("redis_url", value, _ALLOWED)
    if value.startswith("embedded:") and value != "embedded:":
        return
    problem = _problem_of(value)
    if problem is not None:
        raise ConfigError("redis_url", _masked(value), problem)


def _problem_of(value: str) -> str | None:
    """Return what the URL should have been, or None if nothing is wrong with it."""
    allowed = _QUERY.get(value.partition("://")[0])  # in lower case, as redis-py wants the scheme
    if allowed is None:
        return _ALLOWED
    try:
        query = _query_of_several(value) if _SEVERAL.match(value) else _query_of_one(value)
        parameters = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    except ValueError:
        return _ALLOWED
    problems = (_problem_of_parameter(name, setting, allowed) for name, setting in parameters)
    return next(filter(None, problems), None)


def _query_of_one(value: str) -> str:
    url = urlsplit(value)
    _ = url.port  # parsed, and refused, only when asked for
    # redis-py drops the fragment, which is a password's "#" unescaped.
    if url.fragment or not _names_a_place(url):
        raise ValueError("no URL of a server")
    return url.query


def _query_of_several(value: str) -> str:
    Seeds.parse(value)
    return value.partition("?")[2]


def _problem_of_parameter(name: str, setting: str, allowed: frozenset[str]) -> str | None:
    if name not in allowed:
        return f"no query parameter but {', '.join(sorted(allowed))}" if allowed else "no query parameter"
    if name == "db" and not (setting.isascii() and setting.isdigit()):
        return "a database number after db="
    if name == "ssl_cert_reqs" and setting != "required":
        return "ssl_cert_reqs=required, so that the server's certificate is always checked"
    return None


def _names_a_place(url: SplitResult) -> bool:
    if url.scheme == "unix":
        return len(url.path) > 1
    return bool(url.hostname) and re.fullmatch(r"/?|/[0-9]+", url.path) is not None
