"""The messages that users send to an ActorSystem, and the one that listeners are told of events by."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import attrs

from verk_actors.events import Event
from verk_actors.jobs.run import Cancellation, JobRun
from verk_actors.otp import ActorRef
from verk_actors.otp.message import Call, Cast
from verk_actors.settings.queues import QueueConfig
from verk_actors.status import SystemStatus

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
    """Fetch no more jobs of a queue, or of a group, on this node; running ones end.

    Answered at once, while a job may still be under way from Redis; `QueuePaused` tells when it is done.
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
