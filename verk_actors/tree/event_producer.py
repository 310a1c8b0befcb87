"""Tells listeners what happened.

Supervised by the ActorSystem, permanent. A listener is any Pykka actor. What it has not handled yet waits in its own
inbox, up to `event_buffer` events; beyond that it misses the newest, and that is counted. So a slow listener costs
memory only, and neither jobs nor other listeners wait for it. The list of listeners is the node's: it survives
this actor.

Source: Verk lib/verk/event_producer.ex. Differs: docs/decisions/0008.
"""

from __future__ import annotations

from collections.abc import Sequence

from verk_actors.errors import loggable
from verk_actors.events import Event
from verk_actors.listener import EventListener
from verk_actors.messages import EventBatch, Publish, RegisterListener, Selector, UnregisterListener
from verk_actors.otp import ActorDeadError, Server, handles
from verk_actors.tree.node_log import NodeLog
from verk_actors.tree.node_state import Listener, NodeState

log = NodeLog(__name__)


class EventProducer(Server):
    """Fans events out."""

    trap_exit = True  # on a stop, what is in the inbox before it is told first

    def __init__(self, node: NodeState) -> None:
        super().__init__()
        self._listeners = node.listeners
        self._buffer = node.config.event_buffer

    @handles(RegisterListener)
    def register(self, message: RegisterListener) -> None:
        """Add a listener, or give a known one a new selector."""
        self._listeners[message.ref.actor_urn] = Listener(message.ref, message.selector)

    @handles(UnregisterListener)
    def unregister(self, message: UnregisterListener) -> None:
        """Forget a listener."""
        self._listeners.pop(message.ref.actor_urn, None)

    @handles(Publish)
    def publish(self, message: Publish) -> None:
        """Tell each listener what it selects."""
        for urn, listener in tuple(self._listeners.items()):
            events = _selected(message.events, listener.selector)
            if events and not self._tell(listener, events):
                log.info("listener %s is dead and no longer told", loggable(str(listener.ref)))
                del self._listeners[urn]

    def _tell(self, listener: Listener, events: Sequence[Event]) -> bool:
        """Tell a listener of as many events as there is room for; False when it is dead."""
        ref, backlog = listener.ref, listener.backlog
        ours = issubclass(ref.actor_class, EventListener)
        waiting = backlog.told - backlog.handled if ours else ref.actor_inbox.qsize()
        told = events[: max(0, self._buffer - waiting)]
        listener.missed += len(events) - len(told)
        try:
            if not ours:
                for event in told:
                    ref.tell(event)
            elif told:
                backlog.told += len(told)
                ref.tell(EventBatch(told, backlog))
        except ActorDeadError:
            return False
        return bool(ref.is_alive())


def _selected(events: Sequence[Event], selector: Selector | None) -> Sequence[Event]:
    if selector is None:
        return events
    if isinstance(selector, type):
        return [event for event in events if isinstance(event, selector)]
    if isinstance(selector, Sequence):
        return [event for event in events if isinstance(event, tuple(selector))]
    return [event for event in events if _says_yes(selector, event)]


def _says_yes(predicate: object, event: Event) -> bool:
    try:
        return bool(predicate(event))  # type: ignore[operator]
    except Exception:
        log.exception("a listener's selector raised; the event is not told to it")
        return False
