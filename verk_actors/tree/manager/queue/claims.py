"""The jobs that a worker may claim: those of its queue, or those of all queues of its group.

No actor; each worker has one of its own, used on its thread alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from verk_actors.otp import Ref
from verk_actors.tree.node_state import NodeState
from verk_actors.tree.running_job import RunningJob
from verk_actors.tree.running_jobs import RunningJobs


def claims_of(node: NodeState, pool: str) -> Claims:
    """Return what a worker of a queue, or of a group, may claim."""
    rows = node.rows_of(pool)
    return Claims([row.running_jobs for row in rows], in_turn=not rows[0].is_strict)


class Claims:
    """Claims from one table or several, which share their idle workers.

    Args:
        tables: the running tables, in order.
        in_turn: look at them in turn, not at the first ones first. That matters to jobs that were fetched ahead.

    Attributes:
        claim: takes the next job for a worker, None where there is none.
        table: the running table of the job that was claimed last.
    """

    claim: Callable[[Ref], RunningJob | None]

    def __init__(self, tables: Iterable[RunningJobs], *, in_turn: bool) -> None:
        self._tables = deque(tables)
        self._in_turn = in_turn
        self.table = self._tables[0]
        self.claim = self.table.claim if len(self._tables) == 1 else self._claim_of_any

    def join(self, worker: Ref) -> None:
        """Enter a worker that has started."""
        for table in self._tables:
            table.join(worker)

    def begin(self) -> None:
        """Note that a worker looks, so that it need not be woken."""
        for table in self._tables:
            table.waking = False

    def rest(self, worker: Ref) -> None:
        """Enter a worker as idle that has found nothing; for a job that came between the look and this, it is woken."""
        self.table.idle.append(worker)
        for table in self._tables:
            table.wake()

    def leave(self, worker: Ref) -> None:
        """Take a worker that ends from the idle ones."""
        for table in self._tables:
            table.leave(worker)

    def _claim_of_any(self, worker: Ref) -> RunningJob | None:
        if self._in_turn:
            self._tables.rotate(-1)
        for table in self._tables:
            running_job = table.claim(worker)
            if running_job is not None:
                self.table = table
                return running_job
        return None
