"""What happened, as listeners are told; facts in the past tense.

Source: Verk lib/verk/events.ex. JobDead, JobSnoozed, JobDiscarded, JobExpired, JobMalformed, JobFenced, JobStuck,
JobProgressed, DeadJobsTrimmed and those of a batch, a periodic job or a node are ours.
"""

from __future__ import annotations

import attrs

from verk_actors.jobs.endings import DeathReason
from verk_actors.jobs.progress import JobProgress
from verk_actors.store.batch_status import BatchStatus
from verk_actors.wire.job import Job


@attrs.frozen(kw_only=True, eq=False)
class Event:
    """The root of all events."""


@attrs.frozen(kw_only=True, eq=False)
class QueueEvent(Event):
    """Something that happened in a queue."""

    queue: str


@attrs.frozen(kw_only=True, eq=False)
class NodeEvent(Event):
    """Something that happened to this node.

    Attributes:
        redis: the Redis it concerns, without its password.
    """

    node_id: str
    redis: str


@attrs.frozen(kw_only=True, eq=False)
class JobEvent(QueueEvent):
    """Something that happened to a job; times are unix seconds."""

    job: Job


@attrs.frozen(kw_only=True, eq=False)
class JobStarted(JobEvent):
    """A worker began to run the job."""

    started_at: float


@attrs.frozen(kw_only=True, eq=False)
class JobFinished(JobEvent):
    """The job ran to its end, and Redis knows."""

    started_at: float
    finished_at: float


@attrs.frozen(kw_only=True, eq=False)
class JobFailed(JobEvent):
    """A run of the job failed, and Redis knows; it comes for every failed run, the last one too.

    Attributes:
        job: as it was before this run; `job.attempt` numbers the run.
        exception: what was raised; None where the worker died.
        final: it was the last run that the job's retries allow; `JobDead` follows.
    """

    started_at: float
    failed_at: float
    error_class: str
    error_message: str
    backtrace: tuple[str, ...] = ()
    exception: BaseException | None = None
    final: bool = False


@attrs.frozen(kw_only=True, eq=False)
class JobDead(JobEvent):
    """The job failed for the last time; it is in the dead set unless it is one that is not to be buried.

    Attributes:
        reason: why this was the last time.
    """

    died_at: float
    reason: DeathReason
    error_class: str
    error_message: str


@attrs.frozen(kw_only=True, eq=False)
class JobSnoozed(JobEvent):
    """The job raised `Snooze`: it runs again when it is due, and Redis knows. Its retries are as they were."""

    started_at: float
    snoozed_at: float
    due_at: float


@attrs.frozen(kw_only=True, eq=False)
class JobDiscarded(JobEvent):
    """The job raised `Discard`: it is done with, and Redis knows."""

    started_at: float
    discarded_at: float
    reason: str


@attrs.frozen(kw_only=True, eq=False)
class JobExpired(JobEvent):
    """The job was taken after the time by which it had to begin (`expires_in`); it did not run and is gone."""

    expired_at: float


@attrs.frozen(kw_only=True, eq=False)
class JobMalformed(QueueEvent):
    """Bytes that are no job were found in the queue; they are in the dead set, intact in an envelope of this jid.

    Those that are too long for an envelope, above 256 MiB, are there as they are.
    """

    payload: bytes = attrs.field(repr=False)
    jid: str
    reason: str


@attrs.frozen(kw_only=True, eq=False)
class JobFenced(JobEvent):
    """The job ended here, but was no longer this node's: the node had been taken for dead.

    Nothing was changed in Redis; the job has run or runs elsewhere too.
    """

    started_at: float


@attrs.frozen(kw_only=True, eq=False)
class JobProgressed(JobEvent):
    """The running job has said how far it is; it comes once a second at most, with what the job said last."""

    started_at: float
    progress: JobProgress


@attrs.frozen(kw_only=True, eq=False)
class JobStuck(JobEvent):
    """The job has run for `stuck_job_seconds` and has not ended; it comes once for each run.

    Nothing is done about it, and it may still end: its worker is busy until then.

    Attributes:
        stack: where the job is in its code, the innermost frame first.
    """

    started_at: float
    stack: tuple[str, ...]


@attrs.frozen(kw_only=True, eq=False)
class CronJobEnqueued(JobEvent):
    """This node has enqueued a periodic job.

    Attributes:
        name: of the periodic job.
        slot_at: for which time of its schedule.
    """

    name: str
    slot_at: float


@attrs.frozen(kw_only=True, eq=False)
class CronJobKeptOut(QueueEvent):
    """A periodic job was not enqueued when its time came: it is unique, and another one of its token is there still.

    Attributes:
        name: of the periodic job.
        slot_at: for which time of its schedule, unix seconds.
        holder: the jid of the other.
    """

    name: str
    slot_at: float
    holder: str


@attrs.frozen(kw_only=True, eq=False)
class DeadJobsTrimmed(QueueEvent):
    """A job of this queue came to the dead set, and that many others left it, too old or too many."""

    count: int


@attrs.frozen(kw_only=True, eq=False)
class BatchEvent(Event):
    """Something that happened to a batch, told by the node that saw to it.

    Attributes:
        batch: how far it is.
    """

    batch: BatchStatus


@attrs.frozen(kw_only=True, eq=False)
class BatchProgressed(BatchEvent):
    """Members of the batch have ended on this node; it comes once a second at most for each batch."""


@attrs.frozen(kw_only=True, eq=False)
class BatchCompleted(BatchEvent):
    """No member of the batch is to run any more, for the first time; some may have failed for good."""


@attrs.frozen(kw_only=True, eq=False)
class BatchSucceeded(BatchEvent):
    """All members of the batch have succeeded."""


@attrs.frozen(kw_only=True, eq=False)
class QueueRunning(QueueEvent):
    """The queue fetches jobs (again)."""


@attrs.frozen(kw_only=True, eq=False)
class QueuePausing(QueueEvent):
    """The queue fetches no more jobs; some still run."""


@attrs.frozen(kw_only=True, eq=False)
class QueuePaused(QueueEvent):
    """The queue fetches no jobs and none runs."""


@attrs.frozen(kw_only=True, eq=False)
class LeaseLost(NodeEvent):
    """The node's lease had run out, since the node was frozen or cut off; it is held again.

    Others may have taken the jobs that ran here; of each that did, `JobFenced` tells when it ends.
    """


@attrs.frozen(kw_only=True, eq=False)
class RedisDataLost(NodeEvent):
    """The node's lease was gone before its time: Redis was emptied, or came back with older data.

    The node has registered again. Jobs that were in Redis alone are lost with it.
    """
