"""Where Redis is: a URL that every log line and traceback may show, since it hides its password.

Read by the store and the embedded launcher through `verk_actors.config`; it opens nothing itself.
"""

from __future__ import annotations

import re
from typing import final
from urllib.parse import SplitResult, parse_qsl, urlsplit

from verk_actors.errors import ConfigError

_ALLOWED = (
    "redis://[user:password@]host[:port][/db], the same with rediss:// for TLS, "
    "unix:///path/to/socket[?db=n], or embedded:DIRECTORY"
)
_TLS_FILES = frozenset({"ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile"})
# What a query may say. A closed list: redis-py hands any other parameter to its connection, where a typo
# is a TypeError, a time limit overrides the store's own and `password=` would escape the masking below.
_QUERY = {
    "redis": frozenset({"db"}),
    "rediss": frozenset({"db", "ssl_cert_reqs", *_TLS_FILES}),
    "unix": frozenset({"db"}),
}


@final
class RedisUrl:
    """A checked Redis URL whose repr, str and format show `***` where the user and password stand.

    `value` is the whole URL, secrets included: for the code that connects, never for a log line.
    A plain class rather than an attrs one, so that `attrs.asdict(config)` doesn't unfold it.

    Raises:
        ConfigError: the text isn't a URL of an allowed form, or turns off the check of the server's
            certificate. The error shows the masked form.
    """

    __slots__ = ("_value",)

    _value: str

    def __init__(self, value: str) -> None:
        object.__setattr__(self, "_value", value)
        _check(value)

    @property
    def value(self) -> str:
        """The URL as given, with its secrets."""
        return self._value

    @property
    def embedded_directory(self) -> str | None:
        """The directory of an `embedded:DIRECTORY` URL, None for every other kind."""
        scheme, _, directory = self._value.partition(":")
        return directory if scheme == "embedded" else None

    @property
    def has_password(self) -> bool:
        """Whether it holds a password."""
        return bool(urlsplit(self._value).password)

    def __str__(self) -> str:
        return _masked(self._value)

    def __repr__(self) -> str:
        return f"RedisUrl({_masked(self._value)!r})"

    def __eq__(self, other: object) -> bool:
        return self._value == other._value if isinstance(other, RedisUrl) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a RedisUrl is immutable: cannot set {name}")

    def __reduce__(self) -> tuple[type[RedisUrl], tuple[str]]:
        return RedisUrl, (self._value,)


def _masked(value: str) -> str:
    # Greedy up to the last "@", since an unescaped password may itself hold "/", "?" or "@".
    # "unix:///" has no user part, and its path may hold an "@".
    value = re.sub(r"://(?!/).*@", "://***@", value, flags=re.DOTALL)
    shown = frozenset().union(*_QUERY.values())
    return re.sub(r"([?&])([^=&]*)=([^&]*)", lambda m: m[0] if m[2] in shown else f"{m[1]}{m[2]}=***", value)


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
    try:
        url = urlsplit(value)
        _ = url.port  # parsed, and refused, only when asked for
        query = parse_qsl(url.query, keep_blank_values=True, strict_parsing=bool(url.query))
    except ValueError:
        return _ALLOWED
    allowed = _QUERY.get(url.scheme)
    # redis-py wants the scheme in lower case and drops the fragment, which is a password's "#" unescaped.
    if allowed is None or not value.startswith(f"{url.scheme}://") or url.fragment or not _names_a_place(url):
        return _ALLOWED
    problems = (_problem_of_parameter(name, setting, allowed) for name, setting in query)
    return next(filter(None, problems), None)


def _problem_of_parameter(name: str, setting: str, allowed: frozenset[str]) -> str | None:
    if name not in allowed:
        return f"no query parameter but {', '.join(sorted(allowed))}"
    if name == "db" and not (setting.isascii() and setting.isdigit()):
        return "a database number after db="
    if name == "ssl_cert_reqs" and setting != "required":
        return "ssl_cert_reqs=required, so that the server's certificate is always checked"
    return None


def _names_a_place(url: SplitResult) -> bool:
    if url.scheme == "unix":
        return len(url.path) > 1
    return bool(url.hostname) and re.fullmatch(r"/?|/[0-9]+", url.path) is not None
