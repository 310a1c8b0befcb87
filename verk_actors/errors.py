"""The errors a user of this package may meet, all children of `VerkError`.

Each carries the culprit as fields and builds its own sentence, which is safe to log: control characters are
escaped, long values cut, and what a job holds is not shown. Errors of Redis and of the standard library don't
leave the floor that met them.
"""

from __future__ import annotations

from typing import Any

import attrs

from verk_actors.loggable import loggable as loggable  # noqa: PLC0414  errors are made with them, and so are lines
from verk_actors.loggable import shown as shown  # noqa: PLC0414


class VerkError(Exception):
    """The root of all errors of this package, to catch any of them."""


@attrs.define(eq=False)
class ConfigError(VerkError):
    """Raised when a setting can't be used; correct `key`, of which `allowed` says what it may be."""

    key: str
    value: Any
    allowed: str

    def __str__(self) -> str:
        return f"{self.key}={shown(self.value)} is not allowed: {self.allowed}"


_SHOWN_FIELDS = frozenset({"class_", "jid", "queue", "max_retry_count", "retry_count", "when"})


@attrs.define(eq=False)
class InvalidJob(VerkError):
    """Raised when a job can't be built or encoded; correct the value at `field` (such as `args[2].x`).

    The value is shown where it is a name, a count or a time. What else a job holds, arguments above all, may be secret.

    Attributes:
        index: of several jobs, which one it is, from 0; None where there is one.
    """

    field: str
    value: Any = attrs.field(repr=False)
    why: str
    index: int | None = None

    def __str__(self) -> str:
        job = "the job" if self.index is None else f"job {self.index}"
        sentence = f"{job}'s {loggable(self.field)} {self.why}"
        return f"{sentence}: {shown(self.value)}" if self.field in _SHOWN_FIELDS else sentence


@attrs.define(eq=False)
class JobNotUnique(VerkError):
    """Raised when a unique job isn't enqueued, since the job `jid` of the same `token` is; nothing is to be done."""

    jid: str
    token: str

    def __str__(self) -> str:
        return f"job {shown(self.jid)} is the only one of {shown(self.token)} for now"


@attrs.define(eq=False)
class MalformedJob(VerkError):
    """Raised when bytes read from Redis are no job; correct whoever wrote them.

    Attributes:
        payload: exactly the bytes that were read; not shown, since they may hold secrets.
        reason: what is wrong with them, safe to log and to store.
    """

    payload: bytes = attrs.field(repr=False)
    reason: str

    def __str__(self) -> str:
        return f"malformed job of {len(self.payload)} bytes: {self.reason}"


@attrs.define(eq=False)
class JobClassNotFound(VerkError):
    """Raised when a job names a class that isn't registered here; register it, or run it elsewhere."""

    name: str

    def __str__(self) -> str:
        return f"no job class is registered as {shown(self.name)}"


@attrs.define(eq=False)
class JobClassNotImportable(VerkError):
    """Raised when a job process can't find a job class by its module and name; define it at the top of a module."""

    name: str
    why: str

    def __str__(self) -> str:
        return f"a job process can't import {shown(self.name)}: {loggable(self.why)}"


@attrs.define(eq=False)
class InvalidArgument(VerkError):
    """A job's argument that its perform can't take, by the annotation; the job is retried as after any error.

    Attributes:
        parameter: the perform's name for it.
        wanted: the annotation.
        given: which kind of value came.
        why: what is wrong with it, and where; nothing of the value itself, which may be secret.
    """

    class_: str
    parameter: str
    wanted: str
    given: str
    why: str

    def __str__(self) -> str:
        what = f"{shown(self.class_)}: its argument {self.parameter} is {self.given}"
        return f"{what} that can't be read as {self.wanted}: {self.why}"


@attrs.define(eq=False)
class NodeInImport(VerkError):
    """Raised when importing a job class starts a node; start it under `if __name__ == "__main__":`, or elsewhere."""

    module: str

    def __str__(self) -> str:
        return (
            f"a node was started while a job process imports {shown(self.module)}: "
            'start it under `if __name__ == "__main__":`'
        )


@attrs.define(eq=False)
class JobTimeout(VerkError):
    """A run that took longer than its queue's `timeout_seconds` was ended; the job is retried as after any error."""

    seconds: float

    def __str__(self) -> str:
        return f"the job ran for longer than {self.seconds:g} s"


@attrs.define(eq=False)
class ProcessDied(VerkError):
    """A run whose process died under it; the job is retried as after any error.

    Attributes:
        how: what ended the process, such as `killed by SIGSEGV` or `exited with 3`.
    """

    how: str

    def __str__(self) -> str:
        return f"the job's process was ended: {loggable(self.how)}"


@attrs.define(eq=False)
class QueueNotFound(VerkError):
    """Raised when a queue is asked for that this node doesn't run; add the queue first."""

    queue: str

    def __str__(self) -> str:
        return f"this node runs no queue {shown(self.queue)}"


@attrs.define(eq=False)
class QueueInGroup(VerkError):
    """Raised when a queue is to be removed or resized that shares its workers; name its group instead."""

    queue: str
    group: str

    def __str__(self) -> str:
        return f"the queue {shown(self.queue)} is one of the group {shown(self.group)}"


@attrs.define(eq=False)
class QueueAlreadyAdded(VerkError):
    """Raised when a queue is added that this node runs already; remove it first, or leave it be."""

    queue: str

    def __str__(self) -> str:
        return f"this node runs the queue {shown(self.queue)} already"


@attrs.define(eq=False)
class StoreError(VerkError):
    """Raised when Redis refuses a command (wrong type, no memory, no permission); repeating is no help."""

    operation: str
    key: str
    why: str

    def __str__(self) -> str:
        return f"{self.operation} {loggable(self.key)} failed: {loggable(self.why)}"


@attrs.define(eq=False)
class StoreUnavailable(StoreError):
    """Raised when Redis can't be reached or isn't ready; try again later.

    Attributes:
        sent: whether the command may have reached Redis, and thus been done though its reply is lost.
    """

    sent: bool = False


@attrs.define(eq=False)
class EnqueueUncertain(StoreUnavailable):
    """Raised when the reply to an enqueue is lost: the job `jid` may be in its queue or not.

    Also when it is there, but too few replicas have it in time (`wait_replicas`): a failover may lose it.
    Enqueue again if a second run does no harm, with the same `jid` so that the two can be recognised.

    Attributes:
        jids: the jobs of an `enqueue_many`: all of them are in their queue, or none; `jid` is the first.
    """

    jid: str
    sent: bool = True
    jids: tuple[str, ...] = attrs.field(default=attrs.Factory(lambda self: (self.jid,), takes_self=True))

    def __str__(self) -> str:
        more = f" and {len(self.jids) - 1} more were" if len(self.jids) > 1 else " was"
        return f"it is unknown whether job {shown(self.jid)}{more} enqueued: {super().__str__()}"


@attrs.define(eq=False)
class EnqueuedInPart(StoreError):
    """Raised when `enqueue_many` had to stop in the middle; enqueue those again that were not enqueued.

    Attributes:
        enqueued: the jids of the jobs that are in their queues.
        uncertain: those of which it is unknown, since a reply was lost (`EnqueueUncertain`).
        not_enqueued: the rest.
    """

    enqueued: tuple[str, ...]
    uncertain: tuple[str, ...]
    not_enqueued: tuple[str, ...]

    def __str__(self) -> str:
        counts = f"{len(self.enqueued)} jobs were enqueued, {len(self.not_enqueued)} were not"
        uncertain = f", of {len(self.uncertain)} it is unknown" if self.uncertain else ""
        return f"{counts}{uncertain}: {super().__str__()}"


@attrs.define(eq=False)
class DoneInPart(StoreError):
    """Raised when what was to be done to many jobs was done to some; do it again when the cause is gone.

    Attributes:
        done: to how many it was done for certain. Where a reply was lost (`__cause__`), it may have been to more.
    """

    done: int

    def __str__(self) -> str:
        return f"it was done to {self.done} jobs, and not to all: {super().__str__()}"


@attrs.define(eq=False)
class NodeIdInUse(VerkError):
    """Raised when another live process holds this node's id; give each process its own id."""

    node_id: str
    holder: str

    def __str__(self) -> str:
        return f"the node id {shown(self.node_id)} is in use by {shown(self.holder)}"


@attrs.define(eq=False)
class EmbeddedServerError(VerkError):
    """Raised when the embedded Redis server can't be found or started; `why` names the ways out."""

    why: str

    def __str__(self) -> str:
        return f"the embedded server is not available: {self.why}"
