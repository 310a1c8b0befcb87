"""Every message inside the tree, in the order a job meets them; first those that users send.

Messages stand below the actors, so that two actors can talk both ways without importing each other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import attrs

from verk_actors.events import Event
from verk_actors.otp import ActorRef
from verk_actors.otp.message import Call, Cast
from verk_actors.settings.queues import QueueConfig
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.status import SystemStatus
from verk_actors.store.class_counts import ClassCounts

Selector = type[Event] | Collection[type[Event]] | Callable[[Event], bool]
"""Which events a listener wants: a class (its subclasses too), several, or a predicate."""

# What users send is checked as it is made: a mistake raises in their code, and no actor has to know better.
_name = attrs.field(validator=attrs.validators.instance_of(str))


def _is_ref(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if not isinstance(value, ActorRef):
        raise TypeError(f"{attribute.name} must be the ref of a Pykka actor, not {value!r}")


def _is_selector(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
    classes = value if isinstance(value, Collection) and not isinstance(value, str) else [value]
    named = all(isinstance(one, type) and issubclass(one, Event) for one in classes)
    if not (value is None or named or (callable(value) and not isinstance(value, type))):
        raise TypeError(f"{attribute.name} must be a class of events, several, or a predicate, not {value!r}")


# -- to the ActorSystem, from users


@attrs.frozen
class AddQueue(Call[None]):
    """Run a queue, or a group, from now on.

    Answered with `QueueAlreadyAdded` where it runs already, `ConfigError` for a bad name or config.

    Attributes:
        config: how it is worked; a plain number is a size, a `QueueGroup` makes it a group.
    """

    name: str = _name
    config: QueueConfig | int = 25


@attrs.frozen
class RemoveQueue(Call[None]):
    """Stop running a queue, or a group.

    Running jobs may end within the shutdown timeout, the rest is handed back. Answered when that is done, with
    `QueueNotFound` where this node does not run it, `QueueInGroup` where it shares its workers.

    Attributes:
        delete_jobs: delete the jobs that wait in it too, those that were handed back as well; else they stay in Redis.
            Where that fails, as told by a `StoreError`, the queue is removed all the same.
    """

    name: str = _name
    delete_jobs: bool = False


@attrs.frozen
class ResizeQueue(Call[None]):
    """Give a queue, or a group, that this node runs another number of workers.

    More start at once. Where there are to be less, the surplus ones end their jobs first, and none is fetched in their
    place. Holds until the node stops. Answered at once, with `QueueNotFound`, `QueueInGroup` or `ConfigError` where
    that can't be.

    Attributes:
        size: as in `QueueConfig`.
    """

    name: str = attrs.field(validator=attrs.validators.instance_of(str))
    size: int


@attrs.frozen
class PauseQueue(Call[None]):
    """Fetch no more jobs of a queue, or of a group, on this node; running ones end. Answered at once.

    `Client.queue(name).pause()` has all nodes do so. A queue that is paused in either way is paused.
    """

    name: str = _name


@attrs.frozen
class ResumeQueue(Call[None]):
    """Undo `PauseQueue`; a queue that is paused everywhere stays so."""

    name: str = _name


@attrs.frozen
class Quiet(Call[None]):
    """Fetch no more jobs of any queue that this node runs now; `ResumeQueue` undoes it, queue by queue.

    What SIGTSTP does to `verk run`, and "Quiet" on Sidekiq's page.
    """


@attrs.frozen
class RegisterListener(Call[None]):
    """Tell any Pykka actor of events; registering it again replaces its selector."""

    ref: ActorRef[Any] = attrs.field(validator=_is_ref)
    selector: Selector | None = attrs.field(default=None, validator=_is_selector)


@attrs.frozen
class UnregisterListener(Call[None]):
    """Tell it no more."""

    ref: ActorRef[Any] = attrs.field(validator=_is_ref)


@attrs.frozen
class Status(Call[SystemStatus]):
    """Return the state of this node; answered without asking any other actor."""


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


@attrs.define(eq=False)
class Backlog:
    """How far a listener of ours is behind; two counts, each with one writer, so that no lock is needed.

    Attributes:
        told: events put into its inbox; written by the EventProducer.
        handled: events it is done with; written by the listener.
    """

    told: int = 0
    handled: int = 0


@attrs.frozen(eq=False)
class EventBatch(Cast):
    """EventProducer to a listener of ours: events, in order."""

    events: Sequence[Event]
    backlog: Backlog


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
