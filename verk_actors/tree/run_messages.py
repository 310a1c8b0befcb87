"""What users ask the ActorSystem about running jobs."""

from __future__ import annotations

import attrs

from verk_actors.jobs.run import Cancellation, JobRun
from verk_actors.otp.message import Call


@attrs.frozen
class RunningJobs(Call[list[JobRun]]):
    """Return the jobs that run on this node, those that have run for longest first; answered from the node's tables.

    Answered with `QueueNotFound` where the node does not run the queue.

    Attributes:
        queue: only those of this one.
        limit: how many at most.

    Source: Verk.WorkersManager.running_jobs/2.
    """

    queue: str | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.instance_of(str))
    )
    limit: int = attrs.field(default=100, validator=attrs.validators.instance_of(int))


@attrs.frozen
class InspectJob(Call[JobRun]):
    """Return a job that runs on this node, with its current stack; of several of that id, the one that started first.

    Answered with `JobNotRunning` where there is none. The job is not stopped for this.

    Source: Verk.WorkersManager.inspect_worker/2.
    """

    jid: str = attrs.field(validator=attrs.validators.instance_of(str))


@attrs.frozen
class CancelJob(Call[Cancellation]):
    """Cancel a job that runs on this node, or waits there for a worker; answered at once, before it has ended.

    Answered with `JobNotRunning` where there is none of that id.
    """

    jid: str = attrs.field(validator=attrs.validators.instance_of(str))
