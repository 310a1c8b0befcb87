"""Every message inside the tree, in the order a job meets them; those that users send are in `verk_actors.messages`.

Messages stand below the actors, so that two actors can talk both ways without importing each other.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TypeAlias

import attrs

from verk_actors.events import Event
from verk_actors.otp.message import Call, Cast
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.store.class_counts import ClassCounts

# -- the life of a job


@attrs.frozen
class JobsEnded(Cast):
    """To the QueueManager: look at the table, jobs have ended, or there is another room for jobs."""


@attrs.frozen
class SettleEnded(Call[None]):
    """WorkersManager to QueueManager, on shutdown: settle all jobs that have ended; answered when that is done."""


@attrs.frozen
class WorkersFree(Cast):
    """To a QueueManager, from itself, from others of its group or from an AsyncWorker: there are free workers."""


@attrs.frozen
class Run(Cast):
    """To an idle Worker: there are jobs in the channel."""


@attrs.frozen
class JobsMoved(Cast):
    """To the WorkersManager: look at the table, jobs have started or been settled, or workers have come."""


@attrs.frozen(eq=False)
class Publish(Cast):
    """To the EventProducer: tell these to the listeners."""

    events: Sequence[Event]


@attrs.frozen
class LimitsMoved(Cast):
    """QueueManager to the LimitManager: jobs wait for these limits, or have given back what they held of them."""

    ids: frozenset[str]


# -- between managers


@attrs.frozen
class Pause(Cast):
    """Manager to WorkersManager."""


@attrs.frozen
class Resume(Cast):
    """Manager to WorkersManager."""


@attrs.frozen
class Resized(Cast):
    """Manager to WorkersManager and WorkerPool, and from this to an AsyncWorker: look at the queue's size again."""


@attrs.frozen
class Drain(Call[None]):
    """QueuesDrainer to WorkersManager: pause; answered when no job runs."""


@attrs.frozen
class HandBack(Cast):
    """To Manager, who tells each WorkersManager: there is no more time, running jobs go back to their queues."""


@attrs.frozen
class QueueDrained(Cast):
    """WorkersManager to Manager: a queue that is being removed holds no jobs any more."""

    queue: str


@attrs.frozen
class RemovalDue(Cast):
    """Manager to itself: the jobs of what is being removed have had their time."""

    pool: str


@attrs.frozen
class RunServer(Call[None]):
    """Manager to OtherServers: a queue is on this Redis, which no other has named before."""

    url: RedisUrl


@attrs.frozen
class LeaseRenewed(Cast):
    """NodeManager to QueueManagers, at each heartbeat: fetching is allowed; see that nothing is stranded."""


@attrs.frozen
class DeleteJobs(Call[None]):
    """Manager to the general connection: delete the jobs that wait in a queue."""

    queue: str


RunTimes: TypeAlias = tuple[float | None, float, float]
"""When a run's job was enqueued, if it tells that, and when it started and ended: unix seconds. No attrs class, since
each job has one."""


@attrs.frozen
class EndedRuns:
    """The runs of one job class that count; those that chose to be done with have finished."""

    finished: list[RunTimes] = attrs.Factory(list)
    failed: list[RunTimes] = attrs.Factory(list)


@attrs.frozen
class RunsEnded(Cast):
    """WorkersManager to QueueStats: these runs of a queue have ended, by job class.

    Attributes:
        fenced: how many besides them had become other nodes' by their end.
    """

    queue: str
    runs: Mapping[str, EndedRuns]
    fenced: int


@attrs.frozen
class TellRuns(Cast):
    """QueueStats to the general connection: tell Redis of these runs, by job class."""

    runs: Mapping[str, ClassCounts]


@attrs.frozen
class MembersEnded(Cast):
    """QueueManager to BatchManager: members of these batches have been settled."""

    bids: Collection[str]


@attrs.frozen
class Unblock(Cast):
    """To the general connection: end the blocking wait of another connection."""

    client_id: int


@attrs.frozen
class Tick(Cast):
    """To a server, mostly from itself: do the periodic work now."""
