"""A listener for tests: waits for events instead of sleeping."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from support.eventually import DEADLINE_SECONDS
from verk_actors.events import Event, JobEvent
from verk_actors.listener import EventListener
from verk_actors.otp import Ref

E = TypeVar("E", bound=Event)


class EventLog:
    """The events a probe has seen, to be waited on from any thread."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._came = threading.Condition()

    def add(self, event: Event) -> None:
        """Keep an event and wake those who wait."""
        with self._came:
            self.events.append(event)
            self._came.notify_all()

    def of(self, kind: type[E], **fields: Any) -> list[E]:
        """Return the events of a class so far whose fields, or whose job's, have these values."""
        return [event for event in self.events if isinstance(event, kind) and _matches(event, fields)]

    def expect(self, kind: type[E], count: int = 1, **fields: Any) -> list[E]:
        """Wait until there are that many such events, and return them."""
        self.wait_for(lambda: len(self.of(kind, **fields)) >= count, f"{count} {kind.__name__} {fields}")
        return self.of(kind, **fields)

    def wait_for(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for a condition that only events change."""
        with self._came:
            if not self._came.wait_for(condition, DEADLINE_SECONDS):
                seen = "\n  ".join(
                    f"{type(event).__name__} {getattr(event, 'queue', '')}" for event in self.events[-30:]
                )
                raise AssertionError(f"no {what} within {DEADLINE_SECONDS} s; the last events:\n  {seen}")


class Probe(EventListener):
    """Puts what it is told into an EventLog."""

    def __init__(self, log: EventLog) -> None:
        super().__init__()
        self._log = log

    def handle_event(self, event: Event) -> None:
        """Keep the event."""
        self._log.add(event)

    @classmethod
    def watching(cls, log: EventLog) -> Ref:
        """Start a probe that fills this log."""
        return cls.start(log)


def _matches(event: Event, fields: dict[str, Any]) -> bool:
    for name, wanted in fields.items():
        owner = event.job if isinstance(event, JobEvent) and not hasattr(event, name) else event
        if getattr(owner, name, None) != wanted:
            return False
    return True
