"""One run of a job that is going on, as it is told to whoever asks, and what may come instead."""

from __future__ import annotations

from typing import Any, Literal

import attrs

from verk_actors.errors import VerkError, loggable, shown
from verk_actors.jobs.progress import JobProgress

JobPlace = Literal["running", "queue", "schedule", "retry", "limit"]
"""Where a job was found that is not wanted any more."""


@attrs.frozen(kw_only=True)
class JobRun:
    """A job that runs now.

    Attributes:
        node: the id of the node; of a process of Sidekiq or Exq, its identity.
        queue: where it was taken from.
        jid: the job's id; empty where what is told of it can't be read.
        class_: the name of its class; likewise.
        args: its arguments; None where they are not told.
        worker: who runs it, unique in the node.
        started_at: unix seconds.
        elapsed_seconds: since then, by the clock of whoever answers.
        progress: how far it is, where it says so.
        stack: where it is in its code, the innermost frame first, as `file:line:in function`. Only told by `InspectJob`
            and `Client.inspect`; empty where it can't be seen, as in a process that stands still.
    """

    node: str
    queue: str
    jid: str
    class_: str
    args: list[Any] | None = attrs.field(default=None, repr=False)
    worker: str = ""
    started_at: float
    elapsed_seconds: float
    progress: JobProgress | None = None
    stack: tuple[str, ...] = ()


@attrs.define(eq=False)
class CancelRequest:
    """Somebody wants a run to end.

    Attributes:
        heeded: the run has looked, or has been told; it may end at any moment.
    """

    heeded: bool = False


@attrs.frozen(kw_only=True)
class Cancellation:
    """What was done about a job that is not wanted any more.

    Attributes:
        where: what was found: `running`, the run was asked to end, and ends within the grace time; else where it
            waited, and it is in the dead set, or will be in a moment.
        node: on which it runs, or waited for a worker.
    """

    jid: str
    where: JobPlace
    queue: str
    node: str | None = None


@attrs.define(eq=False)
class JobNotRunning(VerkError):
    """Raised when a running job is asked for and there is none of that id; it may have ended a moment ago."""

    jid: str

    def __str__(self) -> str:
        return f"no job {shown(self.jid)} runs"


@attrs.define(eq=False)
class NodesSilent(VerkError):
    """Raised when nodes that live have not answered in time, and what was asked for may be theirs; ask again."""

    nodes: tuple[str, ...]

    def __str__(self) -> str:
        return f"no answer from the nodes {', '.join(map(loggable, self.nodes))}"
