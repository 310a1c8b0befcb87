"""Counts what each queue of this node has finished, failed and lost to others since it started: the live view.

Supervised by the ActorSystem, permanent. A listener like any other. The totals that last are counted in Redis, in
the step that removes the job; how many run now is in the running tables.

Source: Verk lib/verk/queue_stats.ex. Differs: docs/decisions/0009.
"""

from __future__ import annotations

from verk_actors.events import Event, JobFailed, JobFenced, JobFinished, QueueEvent
from verk_actors.listener import EventListener
from verk_actors.messages import RegisterListener
from verk_actors.tree import names
from verk_actors.tree.node_state import NodeState


class QueueStats(EventListener):
    """Counters per queue."""

    def __init__(self, node: NodeState) -> None:
        super().__init__()
        self._queues = node.queues

    def init(self) -> None:
        """Register with the EventProducer, which was started before."""
        producer = self.whereis(names.EVENT_PRODUCER)
        if producer is not None:
            producer.cast(RegisterListener(self.actor_ref, (JobFinished, JobFailed, JobFenced)))

    def handle_event(self, event: Event) -> None:
        """Count."""
        row = self._queues.get(event.queue) if isinstance(event, QueueEvent) else None
        if row is None:
            return  # removed meanwhile
        if isinstance(event, JobFinished):
            row.finished += 1
        elif isinstance(event, JobFailed):
            row.failed += 1
        elif isinstance(event, JobFenced):
            row.fenced += 1
