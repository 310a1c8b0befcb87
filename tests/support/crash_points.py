"""Crashes planted at chosen points of the actors: at a message, and at a command to Redis, before and after it."""

from __future__ import annotations

import importlib
import pkgutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import attrs

import verk_actors.tree
from verk_actors.otp import Server, Supervisor, current
from verk_actors.store.connection import Connection

HOW = ("raise", "kill")
WHEN = ("before", "after")
# The least that each actor says to Redis; what else it says is struck at, too.
WORDS = {
    "NodeManager": {"heartbeat", "PTTL", "SCAN", "SMEMBERS", "sending BLMOVE", "reading a reply"},
    "QueueManager": {"CLIENT", "exchange", "LRANGE", "SCRIPT", "sending BLMOVE", "reading a reply"},
    "ScheduleManager": {"due", "move"},
}


class Planted(Exception):
    """Raised at a point of a test's choice."""


class Mine:
    """Ends the actor that steps on it, once.

    Args:
        how: `raise` an error there; or `kill` it, so that its thread goes on beside its successor.
        skip: how many steps it bears before.
    """

    def __init__(self, how: str, skip: int = 0) -> None:
        self._how = how
        self._skip = skip
        self._lock = threading.Lock()
        self.fired = threading.Event()

    def step(self) -> None:
        """Called by an actor at the point."""
        with self._lock:
            if self.fired.is_set():
                return
            if self._skip:
                self._skip -= 1
                return
            self.fired.set()
        if self._how == "raise":
            raise Planted
        me = current()
        assert me is not None
        me.kill()


@attrs.frozen
class MessagePoint:
    """Before or after an actor handles a message of one class."""

    actor: type[Server]
    message: type
    when: str

    def __str__(self) -> str:
        return f"{self.when}-{self.actor.__name__}-{self.message.__name__}"

    @contextmanager
    def mined(self, mine: Mine) -> Iterator[None]:
        """Plant a mine here while the context lasts; for actors that run already, too."""
        handlers = self.actor._otp_handlers
        original = handlers[self.message]
        handlers[self.message] = _mined(original, self.when, mine.step)
        try:
            yield
        finally:
            handlers[self.message] = original


def actors() -> list[type[Server]]:
    """Return the classes of all actors of the tree but its supervisors."""
    names = [module.name for module in pkgutil.walk_packages(verk_actors.tree.__path__, "verk_actors.tree.")]
    modules = [importlib.import_module(name) for name in names]
    classes = {cls for module in modules for cls in vars(module).values() if isinstance(cls, type)}
    ours = {cls for cls in classes if issubclass(cls, Server) and cls.__module__.startswith("verk_actors.tree.")}
    return sorted((cls for cls in ours if not issubclass(cls, Supervisor)), key=lambda cls: cls.__name__)


def message_points() -> list[MessagePoint]:
    """Return all points at messages: as the code has them, so that none can be forgotten."""
    return [
        MessagePoint(actor, message, when)
        for actor in actors()
        for message in actor._otp_handlers
        for when in WHEN
    ]  # fmt: skip


class RedisPoints:
    """Mines at what actors of one class say to Redis, while the context lasts.

    Attributes:
        seen: the operations so far.
        point: the operation, and when, at which `mine` lies.
    """

    def __init__(self, actor: type[Server]) -> None:
        self._actor = actor
        self._originals: dict[str, Callable[..., Any]] = {}
        self.seen: set[str] = set()
        self.point: tuple[str, str] | None = None
        self.mine = Mine("raise")

    def __enter__(self) -> RedisPoints:
        names: dict[str, Callable[..., str]] = {
            "script": lambda script, *_: script.name,
            "call": lambda *command: str(command[0]),
            "send": lambda *command: f"sending {command[0]}",
            "read": lambda *_: "reading a reply",
        }
        for method, name_of in names.items():
            original = self._originals[method] = getattr(Connection, method)
            setattr(Connection, method, self._watched(original, name_of))
        return self

    def __exit__(self, *_: object) -> None:
        for method, original in self._originals.items():
            setattr(Connection, method, original)

    def _watched(self, original: Callable[..., Any], name_of: Callable[..., str]) -> Callable[..., Any]:
        def ask(connection: Connection, *args: Any, **kwargs: Any) -> Any:
            me = current()
            if me is None or me.actor_class is not self._actor:
                return original(connection, *args, **kwargs)
            operation = name_of(*args)
            self.seen.add(operation)
            if self.point == (operation, "before"):
                self.mine.step()
            reply = original(connection, *args, **kwargs)
            if self.point == (operation, "after"):
                self.mine.step()
            return reply

        return ask


def _mined(original: Callable[..., Any], when: str, step: Callable[[], None]) -> Callable[..., Any]:
    def handle(self: Server, message: object) -> Any:
        if when == "before":
            step()
        result = original(self, message)
        if when == "after":
            step()
        return result

    return handle
