"""The base class of listeners that users write."""

from __future__ import annotations

import math

from verk_actors.errors import loggable
from verk_actors.events import Event
from verk_actors.messages import EventBatch
from verk_actors.otp import Server, handles
from verk_actors.otp.log import Log

log = Log(__name__)

_LOG_PAUSE_SECONDS = 60.0  # one that always raises must not fill the disk


class EventListener(Server):
    """An actor that is told of events; override `handle_event`, start it, and register its ref.

    Any other Pykka actor can be registered too, and gets each event as a message. This one gets them in batches, on
    a daemon thread, and survives what its `handle_event` raises: that is logged, at most once a minute, and it is told
    on, since it may recover.

    Attributes:
        errors: how many events it raised on.
    """

    errors: int = 0
    _logged_at: float = -math.inf  # monotonic

    def handle_event(self, event: Event) -> None:
        """Handle one event."""

    @handles(EventBatch)
    def handle_events(self, batch: EventBatch) -> None:
        """Handle the events of a batch one by one; what one raises is logged and the next is handled."""
        for event in batch.events:
            try:
                self.handle_event(event)
            except Exception as error:  # noqa: BLE001  of users' code, which may mend itself
                self.note(error, type(event).__name__)
            batch.backlog.handled += 1

    def note(self, error: Exception, occasion: str) -> None:
        """Count an error and log it, at most once a minute."""
        self.errors += 1
        now = self.clock.monotonic()
        if now - self._logged_at >= _LOG_PAUSE_SECONDS:
            self._logged_at = now
            text = "%s raised on %s; %s errors so far"
            log.error(text, loggable(str(self.actor_ref)), occasion, self.errors, exc_info=error)
