"""Counts what each queue and each job class of this node has finished, failed and lost to others: the live view.

Supervised by the ActorSystem, permanent. The WorkersManagers tell it; it is started before them and so stopped after
them: it counts the last jobs too. The totals that last are counted in Redis, in the step that removes the job; how many
run now is in the running tables. Every twenty seconds, and when it stops, Redis is told how often each class has run
and for how long (`store/class_counts.py`); its death costs what is in its inbox.

Source: Verk lib/verk/queue_stats.ex. Differs: docs/decisions/0009, 0063.
"""

from __future__ import annotations

from verk_actors.otp import ExitReason, Server, Timer, handles
from verk_actors.tree import names
from verk_actors.tree.messages import RunsEnded, TellRuns, Tick
from verk_actors.tree.node_state import NodeState

_TELL_SECONDS = 20.0  # the figures are by the minute
_REST_SECONDS = 0.005  # the time of some 200 brisk jobs


class QueueStats(Server):
    """Counters per queue and per job class."""

    trap_exit = True  # on a stop, what is in the inbox is counted first

    def __init__(self, node: NodeState) -> None:
        super().__init__()
        self._node = node
        self._timer: Timer | None = None
        self._has_counted = False

    def terminate(self, reason: ExitReason) -> None:
        """Tell the rest."""
        self._tell()

    @handles(RunsEnded)
    def count(self, ended: RunsEnded) -> None:
        """Count these runs."""
        row = self._node.queues.get(ended.queue)
        if row is not None:  # else removed meanwhile
            row.fenced += ended.fenced
        for class_name, runs in ended.runs.items():
            if row is not None:
                row.failed += len(runs.failed)
                row.finished += len(runs.finished)
            tally = self._node.tallies.of(ended.queue, class_name)
            if tally is not None:
                tally.count(runs)
        self._has_counted = True
        if self._timer is None:
            self._timer = self.send_after(_TELL_SECONDS, Tick())

    def handle_idle(self) -> None:
        """Rest once all is counted: being woken costs more than counting."""
        if self._has_counted:
            self._has_counted = False
            self.wait_seconds(_REST_SECONDS)

    @handles(Tick)
    def tell(self, _: Tick) -> None:
        """Have Redis told."""
        self._timer = None
        self._tell()

    def _tell(self) -> None:
        general = self.whereis(self._node.own_server.named(names.GENERAL_CONNECTION))
        if general is not None:
            untold = self._node.tallies.untold()
            if untold:
                general.cast(TellRuns(untold))
