"""One connection to Redis, owned by one actor.

Built on redis-py's connection classes rather than on its client, which sends a command again after a lost
reply: here a command is sent once, and the caller decides what to do about an unknown outcome.
"""

from __future__ import annotations

import logging
import select
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache, partial
from typing import Any, TypeVar

from redis.exceptions import NoScriptError, RedisError, ResponseError

from verk_actors.errors import EmbeddedServerError, StoreError, StoreUnavailable
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.store.commands import Argument
from verk_actors.store.lifeline import Lifeline
from verk_actors.store.link import Link, ask, ask_each, ask_together
from verk_actors.store.locate import locator_of
from verk_actors.store.refusals import error_of
from verk_actors.store.scripts import Script, ScriptCall

log = logging.getLogger(__name__)

_T = TypeVar("_T")
_MOST_LOADS = 3  # of one script at one call: it may be forgotten again at once
_MOST_TOGETHER = 1000  # commands in one round trip: what a server keeps of replies until they are read is short


class Connection:
    """Sends commands over a socket of its own; satisfies `Commands`. One thread at a time.

    Connects at the first command, and anew at the first one after a failure: when `StoreUnavailable` is
    raised, the socket has been closed.

    Behind Sentinels and in a cluster it looks for the server each time it connects (`locate`).

    Args:
        url: where Redis is. An embedded server is started if it doesn't run.
        name: what Redis lists the connection as (CLIENT LIST), without spaces.
        socket_timeout_seconds: how long a reply, or room to send, is waited for; more than a command blocks.
        health_check_seconds: idle time after which `check` sends a PING; 0 for never.
        lifeline: ends this connection together with the others of the same node.
        meanwhile: called when a script has been sent and before its reply is waited for.

    Attributes:
        opened: how often it has connected; one more also after a switch to another server that broke nothing.
    """

    def __init__(
        self,
        url: RedisUrl,
        *,
        name: str,
        socket_timeout_seconds: float = 5.0,
        health_check_seconds: int = 0,
        lifeline: Lifeline | None = None,
        meanwhile: Callable[[], object] = bool,
    ) -> None:
        self.name = name
        self.socket_timeout_seconds = socket_timeout_seconds
        self._url = url
        self._locator = locator_of(url)
        self._health_check_seconds = health_check_seconds
        self.opened = 0
        self._link: Link | None = None
        self._newest: Link | None = None  # the same, or one that is being connected, to a Sentinel too
        self._client_id: int | None = None
        self._lifeline = lifeline or Lifeline()
        self._lifeline.hold(self)
        self._ask_script = partial(ask, meanwhile=meanwhile)

    def __repr__(self) -> str:
        return f"<Connection {self.name} to {self._url}{'' if self.connected else ', closed'}>"

    # Commands

    def call(self, *args: Argument) -> Any:
        """Sends one command and returns its reply; raises what `Commands` says."""
        try:
            return self._ask(args)
        except RedisError as error:
            raise self._failure(error, str(args[0]), _key_of(args)) from error

    def call_many(self, commands: Sequence[Sequence[Argument]]) -> list[Any]:
        """Sends commands that only read and returns their replies; raises what `Commands` says."""
        replies: list[Any] = []
        try:
            for start in range(0, len(commands), _MOST_TOGETHER):
                replies += self._ask(tuple(commands[start : start + _MOST_TOGETHER]), ask_each)
        except RedisError as error:
            raise self._failure(error, str(commands[0][0]), _key_of(commands[0])) from error
        return replies

    def script(self, script: Script, keys: Sequence[str], args: Sequence[Argument]) -> Any:
        """Runs one script and returns its reply; raises what `Commands` says."""
        command = ("EVALSHA", script.sha, len(keys), *keys, *args)
        try:
            for _ in range(_MOST_LOADS):
                try:
                    return self._ask(command, self._ask_script)
                except NoScriptError:  # nothing was done, so it may go out once more
                    self._ask(("SCRIPT", "LOAD", script.text))
            return self._ask(command)
        except RedisError as error:
            raise self._failure(error, script.part_at_fault(str(error)), keys[0]) from error

    def transaction(self, calls: Sequence[ScriptCall]) -> list[Any]:
        """Runs scripts in one step and one round trip and returns their replies; raises what `Commands` says."""
        if len(calls) == 1:
            return [self.script(calls[0].script, calls[0].keys, calls[0].args)]
        loads = [("SCRIPT", "LOAD", text) for text in dict.fromkeys(call.script.text for call in calls)]
        commands = (*loads, ("MULTI",), *(call.words for call in calls), ("EXEC",))
        try:
            replies: list[Any] = self._ask(commands, ask_together)
        except RedisError as error:
            raise self._failure(error, calls[0].script.part_at_fault(str(error)), calls[0].keys[0]) from error
        return replies

    def client_id(self) -> int:
        """Returns the number by which Redis knows this connection until it is closed. CLIENT ID, once."""
        self._current()  # a new connection has another number
        if self._client_id is None:
            self._client_id = int(self.call("CLIENT", "ID"))
        return self._client_id

    # A command in two halves, for a reply that may take long

    def send(self, *args: Argument, then: ScriptCall | None = None) -> None:
        """Sends one command and leaves its reply to `read`; no other command may come between.

        A script may be sent behind it, to be done right after it; its reply is for `read_script`.
        """
        link = self._current()
        try:
            link.send_command(*args, check_health=False)
            if then is not None:
                link.send_command(*then.words, check_health=False)
        except RedisError as error:
            raise self._failure(error, str(args[0]), _key_of(args)) from error

    def read(self, operation: str = "read", key: str = "") -> Any:
        """Returns the reply to what was sent, which errors name by its operation and key."""
        if self._link is None:
            raise StoreUnavailable(operation, key, "the connection was closed before the reply", sent=True)
        try:
            return self._link.read_response()
        except NoScriptError:
            return None
        except RedisError as error:
            raise self._failure(error, operation, key) from error

    def read_script(self, call: ScriptCall) -> Any:
        """Returns the reply to a script that was sent, or None where the server does not know it and did nothing."""
        return self.read(call.script.name, call.keys[0])

    def fileno(self) -> int:
        """Returns the socket's file descriptor, which is readable when a reply has come (or the end)."""
        end = (self._link or self._connect())._sock
        if end is None:
            raise StoreUnavailable("fileno", "", "the connection has just been closed")
        return end.fileno()

    def overlapped(self, first: ScriptCall, second: ScriptCall, meanwhile: Callable[[Any], _T]) -> tuple[_T, Any]:
        """Runs two scripts one after the other, and `meanwhile` on the first's reply while Redis does the second.

        Returns what that makes of it, and the second's reply. A reply is None where Redis did not know the script.
        """
        self.send(*first.words, then=second)
        try:
            made = meanwhile(self.read_script(first))
        except BaseException:
            self.close()  # the other reply may still come, and would pass for the next one's
            raise
        return made, self.read_script(second)

    # The socket

    @property
    def connected(self) -> bool:
        """Whether there is a socket. It may have died unnoticed."""
        return self._link is not None

    def check(self) -> None:
        """Closes a connection that died while idle, so that the next command goes over a new one."""
        if self._link is None:
            return
        if self._arrivals.poll(0):  # nothing was asked: this is the end, or nothing to be trusted
            self.close()
            return
        try:
            self._link.check_health()
        except RedisError:
            self.close()

    def confirm(self) -> None:
        """Closes a connection to a server that the URL means no longer, after a failover or a move of the keys."""
        try:
            if self._link is not None:
                self._locator.confirm(self._link)
        except RedisError as error:
            self._locator.follow(error)  # where it says that the keys are, if so, the next command looks first
            self.close()

    def close(self) -> None:
        """Closes the socket, if there is one. The next command connects anew."""
        link, self._link, self._client_id = self._link, None, None
        self._locator.close()
        if link is not None:
            link.disconnect()

    def shut(self) -> None:
        """Ends the socket, from any thread; this connection's own finds it broken. See `Lifeline`."""
        for link in (self._link, self._newest):
            end = link._sock if link is not None else None
            if end is not None:
                with suppress(OSError):  # it has just ended by itself
                    end.shutdown(socket.SHUT_RDWR)

    def _ask(self, command: tuple[Any, ...], by: Callable[..., Any] = ask, *, again: bool = True) -> Any:
        link = self._current()
        try:
            return by(link, *command)
        except ResponseError as error:  # an answer: the connection is sound
            if not again or not self._locator.follow(error):
                raise
        except BaseException:
            # Whatever it was (a Ctrl+C too), the reply may still come, and would pass for the next one's.
            self.close()
            raise
        self.close()
        return self._ask(command, by, again=False)  # nothing was done where it went first

    def _current(self) -> Link:
        """Returns the link to the server that is meant now."""
        if self._link is not None and self._locator.has_moved():
            self.close()
        return self._link or self._connect()

    def _connect(self) -> Link:
        self._refuse_if_cut()
        _warn_of_bare_password(self._url)
        try:
            link = self._locator.open(
                self._opening,
                client_name=self.name,
                socket_timeout=self.socket_timeout_seconds,
                health_check_interval=self._health_check_seconds,
            )
        except (EmbeddedServerError, OSError) as error:
            raise StoreUnavailable("connect", str(self._url), str(error)) from error
        except RedisError as error:
            # Without redis-py's frames: their locals hold the password, and some tools report locals
            raise error_of(error, "connect", str(self._url), sent=False) from error.with_traceback(None)
        self._link = link
        self._arrivals = select.poll()
        self._arrivals.register(self.fileno(), select.POLLIN)
        self.opened += 1
        return link

    def _opening(self, link: Link) -> None:
        self._newest = link
        self._refuse_if_cut()

    def _refuse_if_cut(self) -> None:
        if self._lifeline.is_cut:
            raise StoreUnavailable("connect", str(self._url), "the node has ended its connections")

    def _failure(self, error: RedisError, operation: str, key: str) -> StoreError:
        self._locator.follow(error)
        failure = error_of(error, operation, key, sent=True)
        if isinstance(failure, StoreUnavailable):
            self.close()  # also after a refusal: the name may lead to another server by now
        return failure


@cache
def _warn_of_bare_password(url: RedisUrl) -> None:
    """Logs it once in a process for each URL that needs it."""
    if url.bares_password:
        with suppress(Exception):  # a user's log handler may raise, and there is nowhere else to say it
            log.warning("%s: the password crosses the network in clear text; use rediss://", url)


def _key_of(args: Sequence[Argument]) -> str:
    return args[1] if len(args) > 1 and isinstance(args[1], str) else ""
