"""Starts a system of actors for a program whose main thread has to wait for signals."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from verk_actors.daemon.service_manager import ServiceManager
from verk_actors.errors import VerkError
from verk_actors.otp import Call, Cast, Down, Pulse, Ref, Refused, Server, handles

_LOOKS = 3  # within the watchdog's time, so that one that comes late costs nothing


@attrs.frozen
class Start(Call[Ref]):
    """Start a system and answer its handle, or why it did not start."""

    start: Callable[[], Ref]


@attrs.frozen(eq=False)
class Look(Cast):
    """Starter to itself: see whether the system answers."""

    pulse: Pulse


class Starter(Server):
    """Starts a system and hears of its end, on a thread of its own: the main thread must be there for signals.

    Args:
        wake: called when the system has started or failed to, and when it has ended.
        service_manager: is given a sign of life as long as the system's root answers, if it wants one.
    """

    def __init__(self, wake: Callable[[], None], service_manager: ServiceManager | None = None) -> None:
        super().__init__()
        self._wake = wake
        self._service_manager = service_manager or ServiceManager()

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
        if self._service_manager.watchdog_seconds > 0:
            self.look(Look(Pulse(system)))
        return system

    @handles(Look)
    def look(self, message: Look) -> None:
        """Give the sign of life, unless the root still owes the answer to the last look."""
        if message.pulse.silent_seconds(self.clock.monotonic()) == 0:
            self._service_manager.is_alive()
        self.send_after(self._service_manager.watchdog_seconds / _LOOKS, message)

    def handle_down(self, down: Down) -> None:
        """Pass the end of the system on."""
        self._wake()
