"""What processes send each other, and how a server says which message a method handles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

import attrs

from verk_actors.otp.exit_reason import ExitReason

Reply = TypeVar("Reply")
Handler = TypeVar("Handler", bound=Callable[..., Any])


class Call(Generic[Reply]):
    """A message that is answered; the type of the answer travels with it."""


class Cast:
    """A message that is not answered."""


class Wake(Cast):
    """Nothing to handle: look at your exit signals."""


class NoReply:
    """The type of `NO_REPLY`."""


NO_REPLY: Final = NoReply()
"""Returned by a handler that answers later, or has passed the caller on."""
WAKE: Final = Wake()


@attrs.define(eq=False)
class Refused(Exception):
    """Raised in a handler to answer a call with an error without crashing the server.

    OTP's `{reply, {error, Reason}, State}`; any other exception answers the caller and crashes.
    """

    error: Exception

    def __str__(self) -> str:
        return str(self.error)


@attrs.define(eq=False)
class Stop(Exception):
    """Raised in a handler to end the server (OTP's `{stop, Reason, State}`)."""

    reason: ExitReason


def handles(*messages: type) -> Callable[[Handler], Handler]:
    """Name the message classes that a server's method handles.

    Args:
        messages: exact classes; subclasses are not matched, since dispatch is one dictionary look-up.
    """

    def mark(handler: Handler) -> Handler:
        handler.__handles__ = messages  # type: ignore[attr-defined]
        return handler

    return mark


def handler_table(cls: type) -> dict[type, Callable[..., Any]]:
    """Collect the handlers of a class and its bases, the nearest class winning.

    A subclass that overrides a marked method handles the same messages by it, marked again or not.

    Raises:
        TypeError: two methods of one class handle the same message.
    """
    names: dict[type, str] = {}
    for base in reversed(cls.__mro__):
        seen: dict[type, str] = {}
        for name, attribute in vars(base).items():
            for message in getattr(attribute, "__handles__", ()):
                if message in seen:
                    raise TypeError(f"{base.__name__}.{name} and .{seen[message]} both handle {message.__name__}")
                seen[message] = name
        names |= seen
    return {message: getattr(cls, name) for message, name in names.items()}
