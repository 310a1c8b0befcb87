"""The base class of listeners that users write."""

from __future__ import annotations

import logging

from verk_actors.errors import loggable
from verk_actors.events import Event
from verk_actors.messages import EventBatch
from verk_actors.otp import Server, handles

log = logging.getLogger(__name__)


class EventListener(Server):
    """An actor that is told of events; override `handle_event`, start it, and register its ref.

    Any other Pykka actor can be registered too, and gets each event as a message. This one gets them in batches, on
    a daemon thread, and survives what its `handle_event` raises.

    Attributes:
        errors: how many events it raised on.
    """

    errors: int = 0

    def handle_event(self, event: Event) -> None:
        """Handle one event."""

    @handles(EventBatch)
    def handle_events(self, batch: EventBatch) -> None:
        """Handle the events of a batch one by one; what one raises is logged and the next is handled."""
        for event in batch.events:
            try:
                self.handle_event(event)
            except Exception:
                self.errors += 1
                log.exception("%s raised on %s", loggable(str(self.actor_ref)), type(event).__name__)
            batch.backlog.handled += 1
