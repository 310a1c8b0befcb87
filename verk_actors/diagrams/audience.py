"""A listener that can be asked to say when something has happened."""

from __future__ import annotations

import attrs

from verk_actors.events import Event, JobEvent
from verk_actors.listener import EventListener
from verk_actors.otp import NO_REPLY, Call, Deferred, NoReply, handles


@attrs.frozen
class Await(Call[None]):
    """Answered when an event of this class has come about this job, perhaps before the question."""

    event: type[Event]
    jid: str


class Audience(EventListener):
    """Remembers what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self._happened: set[Await] = set()
        self._waiting: dict[Await, Deferred] = {}

    def handle_event(self, event: Event) -> None:
        """Note the event, and answer who waits for it."""
        if isinstance(event, JobEvent):
            happened = Await(type(event), str(event.job.jid))
            self._happened.add(happened)
            if happened in self._waiting:
                self._waiting.pop(happened).reply()

    @handles(Await)
    def wait_for(self, message: Await) -> NoReply | None:
        """Answer now or later."""
        if message in self._happened:
            return None
        self._waiting[message] = self.defer()
        return NO_REPLY
