"""How many jobs a QueueManager may fetch: for workers that its queue has for itself, or shares with others.

The queues of a group share their workers without a lock and without an actor between them. Each notes what it is about
to fetch, and looks afterwards whether all together are too many. So two that ask in the same moment may both get too
little, in which case one of them is told to look again; they never get too much.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from verk_actors.otp import Ref
from verk_actors.tree.running_jobs import MOST_PER_EXCHANGE, RunningJobs
from verk_actors.tree.shares import Claimant, strict, weighted

_LEAD = MOST_PER_EXCHANGE // 2  # of brisk jobs that a queue may be ahead of its weight, so that steps are not tiny


@attrs.define(eq=False)
class Room:
    """The room of a queue that has its workers for itself.

    Attributes:
        table: the running table of the queue.
        size: how many jobs may be held, as the WorkersManager said last; 0 while it is closed.
    """

    table: RunningJobs
    size: int = 0

    def resize(self, size: int) -> None:
        """Note what the WorkersManager said."""
        self.size = size

    def has_free(self) -> bool:
        """Whether there is a worker for one more job."""
        return self._free() > 0

    def may_wait(self) -> bool:
        """Whether to wait in Redis for a job."""
        return self._free() > 0

    def reserve(self, settling: int) -> int:
        """Return how many jobs to fetch, in a step that settles so many; `took` or `withdraw` has to follow."""
        return max(0, min(MOST_PER_EXCHANGE, self._free() + settling))

    def took(self, asked: int, got: int, aside: int = 0) -> None:
        """Note what a fetch has brought, once the jobs are in the table, but for those that were put aside."""

    def note_jobs(self) -> None:
        """Note that a wait has ended with jobs."""

    def withdraw(self) -> None:
        """Note that nothing can be fetched now."""

    def looked(self) -> None:
        """Note that its QueueManager has looked as it was told."""

    def next_to_look(self) -> Sequence[Ref]:
        """Return the QueueManagers that are to be told that there are free workers."""
        return ()

    def _free(self) -> int:
        return self.size - len(self.table.left) - len(self.table.held)


@attrs.define(eq=False)
class SharedRoom(Room):
    """The room of one queue of a group. Only its QueueManager writes it, but for `told`.

    Attributes:
        group: all who share the workers, in order; this one too.
        weight: see `Claimant`; None in a group whose order is strict.
        has_jobs: when it was looked at last there were more jobs than could be fetched.
        fetching: jobs that a fetch under way may add.
        served: jobs fetched, divided by the weight; one that had none to fetch for a while has saved up nothing.
        told: its QueueManager has been told to look, and has not looked yet.
    """

    group: list[SharedRoom] = attrs.field(kw_only=True, repr=False)
    weight: int | None = attrs.field(kw_only=True)
    has_jobs: bool = False
    fetching: int = 0
    served: float = 0.0
    told: bool = False

    def resize(self, size: int) -> None:
        """Note what the WorkersManager said; a queue that is closed is passed over."""
        self.size = size
        if not size:
            self.withdraw()

    def has_free(self) -> bool:
        """Whether there is a worker for one more job, and nobody comes before."""
        return self._due(self._free()) > 0

    def may_wait(self) -> bool:
        """Whether to wait in Redis for a job: also while all workers are busy, so that others know of it in time."""
        return self.size > 0 and not self.has_jobs

    def reserve(self, settling: int) -> int:
        """Return how many jobs to fetch, in a step that settles so many, and keep others from as many workers."""
        self.fetching = 0
        fetch = self._due(self._free() + settling)
        self.fetching = max(0, fetch - settling)
        # Looked at after that is written: of two who do so in the same moment one at least sees the other.
        fetch = max(0, fetch + min(0, self._free()))
        self.fetching = max(0, fetch - settling)
        return fetch

    def took(self, asked: int, got: int, aside: int = 0) -> None:
        """Note what a fetch has brought, once the jobs are in the table, but for those that were put aside."""
        self.fetching = 0
        if asked and got == asked:
            self.note_jobs()
        elif asked:
            self.has_jobs = False
        self.served += (got - aside) / (self.weight or 1)

    def note_jobs(self) -> None:
        """Note that there are jobs, so that it is this queue's turn as the order says."""
        if not self.has_jobs:
            self.served = max(self.served, min((one.served for one in self._claimants()), default=0.0))
            self.has_jobs = True

    def withdraw(self) -> None:
        """Leave the workers to the others."""
        self.has_jobs, self.fetching, self.told = False, 0, False

    def looked(self) -> None:
        """Note that it has looked as it was told."""
        self.told = False

    def next_to_look(self) -> Sequence[Ref]:
        """Return the QueueManagers for which there are free workers; each is told once until it has looked."""
        due = [one for one in self._claimants() if not one.told and one._due(one._free()) > 0]
        for one in due:
            one.told = True
        return [one.table.queue_manager.ref for one in due if one.table.queue_manager.ref is not None]

    def _free(self) -> int:
        return self.size - len(self.table.left) - sum(len(one.table.held) + one.fetching for one in self.group)

    def _claimants(self) -> list[SharedRoom]:
        return [one for one in self.group if one.has_jobs]

    def _due(self, free: int) -> int:
        """Return how many of the free workers are for this queue; all of them where nobody has jobs waiting."""
        claimants, free = self._claimants(), min(free, MOST_PER_EXCHANGE)
        if free <= 0 or not claimants:
            return max(0, free)
        if self not in claimants:
            return 0  # whoever has jobs comes first; of a job that comes here the wait will tell
        me = claimants.index(self)
        if self.weight is None:
            return strict(free, me)
        shares = [Claimant(one.weight or 1, one.served) for one in claimants]
        if self.table.brisk:
            shares[me] = Claimant(self.weight, self.served - _LEAD / self.weight)
        return weighted(free, shares, me)
