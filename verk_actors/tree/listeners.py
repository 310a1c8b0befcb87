"""Who is told of events, and of which."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import attrs

from verk_actors.events import Event
from verk_actors.messages import Backlog, Selector
from verk_actors.tree.node_log import NodeLog

log = NodeLog(__name__)


@attrs.frozen
class OfKinds:
    """Selects by an event's class alone, which is asked for anew with each batch: the level of a logger may change."""

    wants: Callable[[type[Event]], bool]


@attrs.define(eq=False)
class Listener:
    """A registered listener; written by EventProducer.

    Attributes:
        missed: events it was not told of, since it lagged too far behind.
        backlog: how far it is behind, where it is one of ours; others are judged by their inbox.
    """

    ref: Any
    selector: Selector | OfKinds | None
    missed: int = 0
    backlog: Backlog = attrs.Factory(Backlog)

    def may_want(self, kind: type[Event]) -> bool:
        """Whether it selects events of this very class; True also where that depends on the event."""
        selector = self.selector
        if isinstance(selector, OfKinds):
            return selector.wants(kind)
        if isinstance(selector, type):
            return issubclass(kind, selector)
        if isinstance(selector, Collection):
            return issubclass(kind, tuple(selector))
        return True

    def selected(self, events: Sequence[Event]) -> Sequence[Event]:
        """Return the events that it selects, in order."""
        kinds = {type(event) for event in events}
        wanted = {kind for kind in kinds if self.may_want(kind)}
        if wanted != kinds:
            events = [event for event in events if type(event) in wanted]
        if self.selector is None or isinstance(self.selector, OfKinds | type | Collection):
            return events
        return [event for event in events if _says_yes(self.selector, event)]


def _says_yes(predicate: Callable[[Event], bool], event: Event) -> bool:
    try:
        return bool(predicate(event))
    except Exception:
        log.exception("a listener's selector raised; the event is not told to it")
        return False
