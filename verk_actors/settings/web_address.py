"""Where a dashboard listens, and who may come in: `[USER:PASSWORD@]HOST[:PORT][?insecure&read_only]`."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import attrs

from verk_actors.errors import ConfigError
from verk_actors.settings.address import Address

DEFAULT_PORT = 8375  # "verk" on the keys of a telephone
_ALLOWED = "[USER:PASSWORD@]HOST[:PORT][?insecure&read_only], as 127.0.0.1:8375"
_OPTIONS = ("insecure", "read_only")


@attrs.frozen(kw_only=True)
class WebAddress:
    """Where a dashboard listens. Its text does not show the password.

    Attributes:
        address: of this machine; port 0 is any that is free.
        credentials: `user:password`, which a browser asks for; None for nobody is asked.
        insecure: whether others than this machine may come in without.
        read_only: whether nobody may do anything but look.

    Raises:
        ConfigError: other machines could come in, and nobody is asked who he is.
    """

    address: Address = attrs.field(factory=lambda: Address("127.0.0.1", DEFAULT_PORT))
    credentials: str | None = attrs.field(default=None, repr=False)
    insecure: bool = False
    read_only: bool = False

    def __attrs_post_init__(self) -> None:
        if not (self.address.is_local or self.credentials or self.insecure):
            raise ConfigError("web", str(self), "an address of this machine alone, USER:PASSWORD@…, or …?insecure")

    def __str__(self) -> str:
        options = "&".join(name for name in _OPTIONS if getattr(self, name))
        return f"{'***@' if self.credentials else ''}{self.address}" + (f"?{options}" if options else "")

    @property
    def names(self) -> frozenset[str] | None:
        """The names by which it may be asked; None for any, where what it is called elsewhere is not known."""
        return frozenset({"localhost", "127.0.0.1", "::1", self.address.host}) if self.address.is_local else None


def web_address(text: WebAddress | str | None) -> WebAddress | None:
    """Return what a setting says; None and an empty text are for no dashboard.

    Raises:
        ConfigError: it is no address.
    """
    if text is None or isinstance(text, WebAddress):
        return text
    if not isinstance(text, str):
        raise ConfigError("web", text, _ALLOWED)
    if not text:
        return None
    try:
        parts = urlsplit(f"//{text}")
        port, host = parts.port, parts.hostname
    except ValueError:
        raise ConfigError("web", _without_password(text), _ALLOWED) from None
    options = {option for option in parts.query.split("&") if option}
    if not host or parts.path or parts.fragment or not options <= set(_OPTIONS):
        raise ConfigError("web", _without_password(text), _ALLOWED)
    return WebAddress(
        address=Address(host, DEFAULT_PORT if port is None else port),
        credentials=_credentials(parts.username, parts.password, text),
        insecure="insecure" in options,
        read_only="read_only" in options,
    )


def _credentials(user: str | None, password: str | None, text: str) -> str | None:
    if user is None:
        return None
    if not user or not password:
        raise ConfigError("web", _without_password(text), f"both a user and a password: {_ALLOWED}")
    return f"{unquote(user)}:{unquote(password)}"


def _without_password(text: str) -> str:
    _, at, tail = text.rpartition("@")
    return f"***@{tail}" if at else text
