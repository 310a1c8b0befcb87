"""A socket to Redis as redis-py makes it, of which this package uses the connection classes and not the client."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

from redis.backoff import NoBackoff
from redis.connection import Connection as TcpLink
from redis.connection import SSLConnection, parse_url
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import DataError, RedisError, ResponseError
from redis.retry import Retry

from verk_actors.store.commands import Argument

_CONNECT_TIMEOUT_SECONDS = 2.0


class _Socket(Protocol):
    def fileno(self) -> int: ...
    def shutdown(self, how: int, /) -> None: ...


class Link(Protocol):
    """The part of redis-py's connection classes that is used here; all versions from 5.2 on have it."""

    _sock: _Socket | None

    def connect(self) -> None:
        """Opens the socket."""

    def disconnect(self) -> None:
        """Closes it."""

    def check_health(self) -> None:
        """Sends a PING if it was idle for long."""

    def can_read(self, timeout: float) -> bool:
        """Returns whether something came within so many seconds."""

    def send_command(self, *args: Argument, check_health: bool) -> None:
        """Sends one command."""

    def pack_commands(self, commands: Sequence[Sequence[Argument]]) -> list[bytes]:
        """Returns what is sent for several commands, in pieces."""

    def send_packed_command(self, command: list[bytes], check_health: bool) -> None:
        """Sends such pieces."""

    def read_response(self) -> Any:
        """Returns the reply to it, or raises it."""


def open_link(url: str, *, opening: Callable[[Link], object] = bool, **options: Any) -> Link:
    """Returns a connected link to one server.

    Args:
        url: a URL that redis-py understands.
        opening: told of the link before it is connected.
        options: for redis-py's connection class.

    Raises:
        redis.RedisError, OSError: there is no connection.
    """
    parse: Callable[[str], dict[str, Any]] = parse_url
    options = {"socket_connect_timeout": _CONNECT_TIMEOUT_SECONDS} | parse(url) | options
    link_class = options.pop("connection_class", TcpLink)
    if issubclass(link_class, SSLConnection):
        options["ssl_check_hostname"] = True  # redis-py below 6 takes any name
    if "path" not in options:
        options["socket_keepalive"] = True  # finds out about a peer that vanished without a word
    link = cast(Link, link_class(**options, protocol=2, retry=Retry(NoBackoff(), 0), command_packer=_PACKER))
    opening(link)
    link.connect()
    return link


class _Packer:
    """Packs commands as redis-py does with hiredis, but takes them as they are: nothing to split, nothing to copy."""

    def pack(self, *command: Argument) -> list[bytes]:
        try:
            return [hiredis.pack_command(command)]  # type: ignore[arg-type, unused-ignore]
        except TypeError as error:
            raise DataError(str(error)) from error


try:
    import hiredis  # type: ignore[import-not-found, unused-ignore]
except ImportError:  # the extra `fast` isn't installed
    _PACKER = None  # redis-py's own
else:
    _PACKER = _Packer()


def ask(link: Link, *command: Argument, meanwhile: Callable[[], object] = bool) -> Any:
    """Sends one command, does something else, and returns its reply, or raises redis-py's error."""
    link.send_command(*command, check_health=False)
    meanwhile()
    return link.read_response()


def ask_each(link: Link, *commands: Sequence[Argument]) -> list[Any]:
    """Sends several commands at once and returns the reply to each; None where a key holds something else.

    Raises:
        redis.RedisError: the first of them that was refused for another reason; by then all replies have been read.
    """
    link.send_packed_command(link.pack_commands(commands), check_health=False)
    replies: list[Any] = []
    refusal: ResponseError | None = None
    for _ in commands:
        try:
            replies.append(link.read_response())
        except ResponseError as error:
            replies.append(None)
            if not str(error).startswith("WRONGTYPE"):
                refusal = refusal or error
    if refusal is not None:
        raise refusal
    return replies


def ask_together(link: Link, *commands: tuple[Argument, ...]) -> Any:
    """Sends several commands at once, the last of which ends a transaction, and returns what that returns.

    Raises:
        redis.RedisError: the first of them that was refused; by then all replies have been read.
    """
    for command in commands:
        link.send_command(*command, check_health=False)
    refusal: RedisError | None = None
    reply: Any = None
    for command in commands:
        try:
            reply = link.read_response()
        except ResponseError as error:
            reply = None
            alone = command == ("MULTI",)  # then what was to be one step has been done one by one, or in part
            refusal = refusal or (RedisConnectionError(f"MULTI was refused: {error}") if alone else error)
    # What came before the transaction may have been refused and not needed: a script that is known need not be loaded.
    for part in reply if isinstance(reply, list) else (refusal,):
        if isinstance(part, RedisError):
            raise refusal or part
    return reply
