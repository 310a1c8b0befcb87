"""What is done in Redis for jobs that were fetched, before any of them may start; for most jobs there is nothing.

Where it fails, or this actor dies in the midst, the jobs are in the in-progress list and in no table: they are found
there when the two are compared, and go back to their queue.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from verk_actors.errors import MalformedJob
from verk_actors.store.admission import Admission, Applicant, Use, slot_given_back, slots_key
from verk_actors.store.connection import Connection
from verk_actors.store.effects import Effect
from verk_actors.store.locks import release
from verk_actors.store.results import documents_of
from verk_actors.tree.manager.queue.taken import is_unique_until_start, waits_as
from verk_actors.tree.node_state import NodeState
from verk_actors.tree.running_job import RunningJob, Slot
from verk_actors.wire.after import jids_before
from verk_actors.wire.codec import decode
from verk_actors.wire.job import Job


@attrs.frozen
class Begun:
    """What has become of jobs that were to start.

    Attributes:
        ready: may start.
        aside: wait in Redis for a limit.
    """

    ready: Sequence[RunningJob]
    aside: Sequence[RunningJob]


class Starting:
    """What a QueueManager does for the jobs of its queue; it alone uses this, on its thread.

    Attributes:
        moved: limits for which jobs wait, or that have room, of which nobody was told yet.
    """

    def __init__(self, node: NodeState, queue: str, connection: Connection) -> None:
        self._node = node
        self._queue = queue
        self._row = node.queues[queue]
        self._connection = connection
        self._limited = node.registry.limited
        self._has_own = bool(self._row.config.limits)
        self._admission = Admission(connection, node.keys, queue, node.config.node_id)
        self._token = ""  # by which the slots are held
        self.moved: set[str] = set()

    def is_needed(self, running_job: RunningJob) -> bool:
        """Whether anything is to be done for a job."""
        job = running_job.job
        if job is None or running_job.outcome is not None:
            return False
        if job.unique_until == "start" and is_unique_until_start(job):
            return True
        if self._has_own or job.class_ in self._limited:
            return True
        return bool(job.extra) and bool(jids_before(job))

    def done_for(self, jobs: Sequence[RunningJob], now: float) -> Begun:
        """Do it: see which their limits let start, read what steps are to know, let the next ones of unique jobs in."""
        begun = self._admitted(jobs, now)
        starting = [row.job for row in begun.ready if row.job is not None and is_unique_until_start(row.job)]
        self._read_previous(begun.ready)
        release(self._connection, self._node.keys, starting)
        return begun

    def _read_previous(self, jobs: Sequence[RunningJob]) -> None:
        """Read what the steps before have come to, where any of the jobs is a step."""
        steps = [(row, jids) for row in jobs if row.job is not None and (jids := jids_before(row.job))]
        if steps:
            wanted = dict.fromkeys(jid for _, jids in steps for jid in jids)
            documents = documents_of(self._connection, self._node.keys, wanted)
            for row, jids in steps:
                row.previous = [documents[jid] for jid in jids]

    def hold_on(self, jobs: Sequence[RunningJob]) -> None:
        """Hold the slots of jobs that are in progress by the lease that this node has now."""
        token = self._row.server.lease.token
        if token != self._token:
            slots = [(slot.key, str(job.job.jid)) for job in jobs if job.job is not None for slot in job.slots]
            self._admission.hold(token, slots)
            self._token = token

    def given_back(self, payload: bytes) -> tuple[Effect, ...]:
        """Return what gives back the slots of a job that is in no table; it may have got them."""
        if not (self._limited or self._has_own):
            return ()
        try:
            job = decode(payload, self._queue)
        except MalformedJob:
            return ()
        return tuple(slot_given_back(slot.key, str(job.jid)) for slot in self._slots(self._uses(job)))

    def note_settled(self, job: RunningJob) -> None:
        """Note that the slots of a job have been given back."""
        self.moved.update(slot.limit_id for slot in job.slots)

    def _admitted(self, jobs: Sequence[RunningJob], now: float) -> Begun:
        asking = [(row, row.job, uses) for row in jobs if row.job is not None and (uses := self._uses(row.job))]
        if not asking:
            return Begun(jobs, ())
        applicants = [self._applicant(job, uses, now) for _, job, uses in asking]
        flags = self._admission.admit(self._row.server.lease.token, applicants)
        aside: list[RunningJob] = []
        gone: dict[RunningJob, None] = {}
        for (row, _, uses), flag in zip(asking, flags, strict=True):
            if flag:
                row.slots = self._slots(uses)
            else:
                gone[row] = None
            if flag is False:
                aside.append(row)
                self.moved.update(use.id for use in uses)
        return Begun([row for row in jobs if row not in gone], aside)

    def _applicant(self, job: Job, uses: Sequence[Use], now: float) -> Applicant:
        since = job.enqueued_at if job.enqueued_at is not None else job.created_at
        return Applicant(
            payload=job.payload or b"",
            waits_as=waits_as(job, self._queue),
            jid=str(job.jid),
            since=now if since is None else since,
            uses=uses,
        )

    def _uses(self, job: Job) -> Sequence[Use]:
        """Return the limits of a job, those of its queue first."""
        performer = self._node.registry.known(job.class_)
        signature, own = (None, ()) if performer is None else (performer.signature, performer.limits)
        limits = (*self._row.config.limits, *own)
        uses = {use.id: use for use in (Use(limit.id_for(job.args, signature), limit) for limit in limits)}
        return tuple(uses.values())

    def _slots(self, uses: Sequence[Use]) -> tuple[Slot, ...]:
        node_id = self._node.config.node_id
        keys = [(use.id, slots_key(self._node.keys, use, node_id)) for use in uses]
        return tuple(Slot(id_, key) for id_, key in keys if key is not None)
