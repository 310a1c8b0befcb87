"""Counts what each queue and each job class of this node has finished, failed and lost to others: the live view.

Supervised by the ActorSystem, permanent. A listener like any other, started before the EventProducer and so stopped
after it: it counts the last jobs too. The totals that last are counted in Redis, in the step that removes the job; how
many run now is in the running tables. Every twenty seconds, and when it stops, Redis is told how often each class has
run (`store/class_counts.py`); what was not told yet dies with it.

Source: Verk lib/verk/queue_stats.ex. Differs: docs/decisions/0009.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from verk_actors.events import Event, JobDiscarded, JobEvent, JobFailed, JobFenced, JobFinished
from verk_actors.listener import EventListener
from verk_actors.messages import EventBatch, TellRuns, Tick
from verk_actors.otp import ExitReason, Timer, handles
from verk_actors.store.class_counts import ClassCounts
from verk_actors.tree import names
from verk_actors.tree.listeners import Listener
from verk_actors.tree.node_state import NodeState

_TELL_SECONDS = 20.0  # the figures are by the minute
_MOST_CLASSES = 1000  # whoever can write to Redis chooses their names


@attrs.define(eq=False)
class _Tally:
    finished: int = 0
    failed: int = 0
    fenced: int = 0
    seconds: float = 0.0

    def runs(self) -> ClassCounts:
        """Return the runs that count: those of this node."""
        return ClassCounts(self.finished + self.failed, self.failed, self.seconds)


class QueueStats(EventListener):
    """Counters per queue and per job class."""

    trap_exit = True  # on a stop, what is in the inbox is counted first

    def __init__(self, node: NodeState) -> None:
        super().__init__()
        self._node = node
        self._untold: dict[str, ClassCounts] = {}
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
        for (queue, class_name), tally in _tallies(batch.events).items():
            row = self._node.queues.get(queue)
            if row is not None:  # else removed meanwhile
                row.finished += tally.finished
                row.failed += tally.failed
                row.fenced += tally.fenced
            _add(self._node.classes, class_name, tally.runs())
            _add(self._untold, class_name, tally.runs())
        if self._untold and self._timer is None:
            self._timer = self.send_after(_TELL_SECONDS, Tick())
        batch.backlog.handled += len(batch.events)

    @handles(Tick)
    def tell(self, _: Tick) -> None:
        """Have Redis told."""
        self._timer = None
        self._tell()

    def _tell(self) -> None:
        untold, self._untold = self._untold, {}
        general = self.whereis(self._node.own_server.named(names.GENERAL_CONNECTION))
        if untold and general is not None:
            general.cast(TellRuns(untold))


def _tallies(events: Iterable[Event]) -> dict[tuple[str, str], _Tally]:
    tallies: dict[tuple[str, str], _Tally] = {}
    for event in events:
        if not isinstance(event, JobEvent):
            continue
        key = (event.queue, event.job.class_)
        tally = tallies.get(key)
        if tally is None:
            tally = tallies[key] = _Tally()
        if isinstance(event, JobFinished):
            tally.finished += 1
            tally.seconds += event.finished_at - event.started_at
        elif isinstance(event, JobDiscarded):  # processed, as Redis counts it
            tally.finished += 1
            tally.seconds += event.discarded_at - event.started_at
        elif isinstance(event, JobFailed):
            tally.failed += 1
        else:
            tally.fenced += 1
    return tallies


def _add(table: dict[str, ClassCounts], class_name: str, runs: ClassCounts) -> None:
    before = table.get(class_name)
    if before is None:
        if not runs.processed or len(table) >= _MOST_CLASSES:
            return
        before = ClassCounts()
    table[class_name] = ClassCounts(
        before.processed + runs.processed, before.failed + runs.failed, before.seconds + runs.seconds
    )
