"""Tells listeners what happened.

Supervised by the ActorSystem, permanent. A listener is any Pykka actor. What it has not handled yet waits in its own
inbox, up to `event_buffer` events; beyond that it misses the newest, and that is counted. So a slow listener costs
memory only, and neither jobs nor other listeners wait for it. The list of listeners is the node's: it survives
this actor.

It tells what has come to it, then rests for a moment: where much happens, that is told in few large batches, and
waking the listeners costs next to nothing; where little happens, it is told at once.

What running jobs say of how far they are wakes nobody: while a listener wants to know, this looks once a second.

Source: Verk lib/verk/event_producer.ex. Differs: docs/decisions/0008, 0022.
"""

from __future__ import annotations

from collections.abc import Sequence

from verk_actors.errors import loggable
from verk_actors.events import Event, JobProgressed
from verk_actors.listener import EventListener
from verk_actors.messages import EventBatch, RegisterListener, UnregisterListener
from verk_actors.otp import ActorDeadError, ExitReason, Server, Timer, handles
from verk_actors.tree.listeners import Listener
from verk_actors.tree.messages import Publish, Tick
from verk_actors.tree.node_log import NodeLog
from verk_actors.tree.node_state import NodeState
from verk_actors.tree.progress_events import newly_progressed

log = NodeLog(__name__)

_REST_SECONDS = 0.005  # the time of some 200 brisk jobs
_LOOK_SECONDS = 1.0  # between two looks at how far jobs are


class EventProducer(Server):
    """Fans events out."""

    trap_exit = True  # on a stop, what is in the inbox before it is told first

    def __init__(self, node: NodeState) -> None:
        super().__init__()
        self._node = node
        self._listeners = node.listeners
        self._buffer = node.config.event_buffer
        self._untold: list[Event] = []
        self._next_look: Timer | None = None

    def init(self) -> None:
        """Go on for the listeners that there are."""
        self._look_later()

    def terminate(self, reason: ExitReason) -> None:
        """Tell what is left."""
        if self._next_look is not None:
            self._next_look.cancel()
        self._tell_all()

    @handles(RegisterListener)
    def register(self, message: RegisterListener) -> None:
        """Add a listener, or give a known one a new selector; it is told of what happens from now on."""
        self._tell_all()
        self._listeners[message.ref.actor_urn] = Listener(message.ref, message.selector)
        self._look_later()

    @handles(UnregisterListener)
    def unregister(self, message: UnregisterListener) -> None:
        """Forget a listener."""
        self._listeners.pop(message.ref.actor_urn, None)

    @handles(Publish)
    def publish(self, message: Publish) -> None:
        """Tell these once the inbox is empty, with all that came beside them."""
        self._untold += message.events

    @handles(Tick)
    def look_at_progress(self, _: Tick) -> None:
        """Tell how far jobs are, where that is news."""
        if self._next_look is not None:
            self._next_look.cancel()
        self._next_look = None
        self._untold += newly_progressed(self._node)
        self._look_later()

    def _look_later(self) -> None:
        if self._next_look is None and self._node.is_wanted(JobProgressed):
            self._next_look = self.send_after(_LOOK_SECONDS, Tick())

    def handle_idle(self) -> None:
        """Tell what has come, and rest."""
        if self._untold:
            self._tell_all()
            self.wait_seconds(_REST_SECONDS)

    def _tell_all(self) -> None:
        """Tell each listener what it selects."""
        untold, self._untold = self._untold, []
        for urn, listener in tuple(self._listeners.items()):
            events = listener.selected(untold)
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
