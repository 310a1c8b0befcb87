"""Starts a system of actors for a program whose main thread has to wait for signals."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from verk_actors.errors import VerkError
from verk_actors.otp import Call, Down, Ref, Refused, Server, handles


@attrs.frozen
class Start(Call[Ref]):
    """Start a system and answer its handle, or why it did not start."""

    start: Callable[[], Ref]


class Starter(Server):
    """Starts a system and hears of its end, on a thread of its own: the main thread must be there for signals.

    Args:
        wake: called when the system has started or failed to, and when it has ended.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        super().__init__()
        self._wake = wake

    @handles(Start)
    def start_system(self, message: Start) -> Ref:
        """Start the system."""
        try:
            system = message.start()
        except VerkError as error:
            raise Refused(error) from error
        finally:
            self._wake()
        self.monitor(system)
        return system

    def handle_down(self, down: Down) -> None:
        """Pass the end of the system on."""
        self._wake()
