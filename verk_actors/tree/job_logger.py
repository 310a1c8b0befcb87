"""Writes the log lines of jobs and queues, and those of other actors, where nobody waits for them.

Supervised by the ActorSystem, permanent. A listener like any other: a log handler that is slow, blocks or raises costs
lines, and neither jobs nor heartbeats nor other listeners. It may lag by `event_buffer` events; lines beyond that are
missing, and one line says how many as soon as it has caught up. Started before the EventProducer, so stopped after it:
it writes the last lines too. Its death costs the lines in its inbox.
"""

from __future__ import annotations

from verk_actors.events import Event
from verk_actors.listener import EventListener
from verk_actors.logs.job_log import JobLog
from verk_actors.messages import EventBatch
from verk_actors.otp import handles
from verk_actors.tree.listeners import Listener, OfKinds
from verk_actors.tree.node_log import Line, dropped
from verk_actors.tree.node_state import NodeState


class JobLogger(EventListener):
    """The node's log of jobs."""

    trap_exit = True  # on a stop, what is in the inbox is written first

    def __init__(self, node: NodeState) -> None:
        super().__init__()
        self._listeners = node.listeners
        self._lines = JobLog(node.config)
        self._row = Listener(self.actor_ref, OfKinds(self._lines.wants))
        self._unwritten = 0  # the handlers raised
        self._told = 0  # of the lines that are missing

    def init(self) -> None:
        """Enter itself among the listeners; the EventProducer, which does it for others, may not be there yet."""
        self._listeners[self.actor_ref.actor_urn] = self._row

    def handle_event(self, event: Event) -> None:
        """Write a line."""
        self._unwritten += not self._lines.write(event)

    @handles(EventBatch)
    def handle_events(self, batch: EventBatch) -> None:
        """Write the lines of a batch, together where the log's handler takes them so."""
        unwritten = self._lines.write_together(batch.events, self.clock.time())
        if unwritten is None:
            super().handle_events(batch)
        else:
            self._unwritten += unwritten
            batch.backlog.handled += len(batch.events)

    @handles(Line)
    def write_line(self, line: Line) -> None:
        """Write another actor's line."""
        self._unwritten += not line.write()

    def handle_idle(self) -> None:
        """Say how many lines are missing, having caught up."""
        missing = self._row.missed + self._unwritten + dropped(self.actor_ref) - self._told
        if missing and self._lines.write_missing(missing):
            self._told += missing
