"""Counts what each queue and each job class of this node has finished, failed and lost to others: the live view.

Supervised by the ActorSystem, permanent. A listener like any other, started before the EventProducer and so stopped
after it: it counts the last jobs too. The totals that last are counted in Redis, in the step that removes the job; how
many run now is in the running tables. Every twenty seconds, and when it stops, Redis is told how often each class has
run and for how long (`store/class_counts.py`); its death costs what is in its inbox.

Source: Verk lib/verk/queue_stats.ex. Differs: docs/decisions/0009.
"""

from __future__ import annotations

from verk_actors.events import JobDiscarded, JobEvent, JobFailed, JobFenced, JobFinished
from verk_actors.listener import EventListener
from verk_actors.messages import EventBatch
from verk_actors.otp import ExitReason, Timer, handles
from verk_actors.tree import names
from verk_actors.tree.listeners import Listener
from verk_actors.tree.messages import TellRuns, Tick
from verk_actors.tree.node_state import NodeState

_TELL_SECONDS = 20.0  # the figures are by the minute


class QueueStats(EventListener):
    """Counters per queue and per job class."""

    trap_exit = True  # on a stop, what is in the inbox is counted first

    def __init__(self, node: NodeState) -> None:
        super().__init__()
        self._node = node
        self._timer: Timer | None = None

    def init(self) -> None:
        """Enter itself among the listeners; the EventProducer, which does it for others, may not be there yet."""
        kinds = (JobFinished, JobDiscarded, JobFailed, JobFenced)
        self._node.listeners[self.actor_ref.actor_urn] = Listener(self.actor_ref, kinds)

    def terminate(self, reason: ExitReason) -> None:
        """Tell the rest."""
        self._tell()

    @handles(EventBatch)
    def handle_events(self, batch: EventBatch) -> None:
        """Count a batch at once: there may be tens of thousands of events a second."""
        for event in batch.events:
            if isinstance(event, JobFinished):
                self._count(event, event.started_at, event.finished_at)
            elif isinstance(event, JobDiscarded):  # processed, as Redis counts it
                self._count(event, event.started_at, event.discarded_at)
            elif isinstance(event, JobFailed):
                self._count(event, event.started_at, None)
            elif isinstance(event, JobFenced) and (row := self._node.queues.get(event.queue)) is not None:
                row.fenced += 1
        if self._timer is None:
            self._timer = self.send_after(_TELL_SECONDS, Tick())
        batch.backlog.handled += len(batch.events)

    @handles(Tick)
    def tell(self, _: Tick) -> None:
        """Have Redis told."""
        self._timer = None
        self._tell()

    def _count(self, event: JobEvent, started_at: float, finished_at: float | None) -> None:
        """Count a run; it has failed if it has not finished."""
        row = self._node.queues.get(event.queue)
        if row is not None:  # else removed meanwhile
            if finished_at is None:
                row.failed += 1
            else:
                row.finished += 1
        job = event.job
        tally = self._node.tallies.of(event.queue, job.class_)
        if tally is not None:
            tally.count(job.enqueued_at, started_at, finished_at)

    def _tell(self) -> None:
        general = self.whereis(self._node.own_server.named(names.GENERAL_CONNECTION))
        if general is not None:
            untold = self._node.tallies.untold()
            if untold:
                general.cast(TellRuns(untold))
