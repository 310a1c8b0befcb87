"""Counts what each queue of this node has finished, failed and lost to others since it started: the live view.

Supervised by the ActorSystem, permanent. A listener like any other. The totals that last are counted in Redis, in
the step that removes the job; how many run now is in the running tables.

Source: Verk lib/verk/queue_stats.ex. Differs: docs/decisions/0009.
"""

from __future__ import annotations

from collections import Counter

from verk_actors.events import JobDiscarded, JobFailed, JobFenced, JobFinished, QueueEvent
from verk_actors.listener import EventListener
from verk_actors.messages import EventBatch, RegisterListener
from verk_actors.otp import handles
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
            producer.cast(RegisterListener(self.actor_ref, (JobFinished, JobDiscarded, JobFailed, JobFenced)))

    @handles(EventBatch)
    def handle_events(self, batch: EventBatch) -> None:
        """Count a batch at once: there may be tens of thousands of events a second."""
        counts = Counter((event.queue, type(event)) for event in batch.events if isinstance(event, QueueEvent))
        for (queue, kind), count in counts.items():
            row = self._queues.get(queue)
            if row is None:
                continue  # removed meanwhile
            if kind is JobFinished or kind is JobDiscarded:
                row.finished += count
            elif kind is JobFailed:
                row.failed += count
            elif kind is JobFenced:
                row.fenced += count
        batch.backlog.handled += len(batch.events)
