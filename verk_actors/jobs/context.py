"""The job that the running code is part of.

A worker runs each perform by `running`; what the perform calls, and whatever it hands its context to,
finds the job by `current_job`. Nothing of one job's context is left for the next on the same thread.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextvars import Context, ContextVar, copy_context
from typing import Protocol, TypeVar, TypeVarTuple

import attrs

from verk_actors.jobs.endings import JobCancelled
from verk_actors.jobs.progress import JobProgress
from verk_actors.jobs.run import CancelRequest
from verk_actors.wire.job import Job
from verk_actors.wire.results import MAX_BYTES, JobResult, result_in, written

_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")


class _Run(Protocol):
    cancel: CancelRequest | None  # set by another thread, never set back
    progress: JobProgress | None

    @property
    def previous(self) -> Sequence[bytes | None]: ...  # known before it begins


@attrs.define(eq=False)
class _RunOfItsOwn:
    cancel: CancelRequest | None = None
    progress: JobProgress | None = None
    previous: Sequence[bytes | None] = ()


@attrs.define(eq=False)
class CurrentJob:
    """A running job's view of itself.

    Attributes:
        node_id: the node that runs it.
        result: what it has set, as it is kept; None where it has set nothing.
        max_result_bytes: how long that may be.
    """

    job: Job
    node_id: str = ""
    _run: _Run = attrs.Factory(_RunOfItsOwn)
    max_result_bytes: int = MAX_BYTES
    result: bytes | None = attrs.field(init=False, default=None, repr=False)

    @property
    def attempt(self) -> int:
        """The number of this run, from 1."""
        return self.job.attempt

    @property
    def cancelled(self) -> bool:
        """Whether this run should end early; a long perform looks at it now and then, and returns or raises."""
        request = self._run.cancel
        if request is None:
            return False
        request.heeded = True
        return True

    @property
    def heeded(self) -> bool:
        """Whether this run was asked to end and has looked."""
        request = self._run.cancel
        return request is not None and request.heeded

    def check_cancelled(self) -> None:
        """Raise `JobCancelled` if this run should end early."""
        if self.cancelled:
            raise JobCancelled

    def progress(self, done: float, total: float | None = None, message: str = "") -> None:
        """Say how far this run is, for whoever looks at running jobs, and for `JobProgressed`.

        As often as the job likes, from any of its threads: it costs no command of Redis. The last word counts.

        Args:
            done: how much is done, in whatever the job counts.
            total: how much that is in the end, if that is known.
            message: what it is at; 200 characters are kept.

        Raises:
            TypeError, ValueError: `done` or `total` is no number from 0 on.
        """
        self._run.progress = JobProgress.of(done, total, message)

    def set_result(self, value: object) -> None:
        """Have a value kept for `Client.result`, and for the next step of a workflow, if this run succeeds.

        For as long as `result_for` says, or a day. It is written here and now: later changes don't count. The last one
        that is set is kept, and not what the perform returns.

        Raises:
            InvalidResult: it is no JSON, or longer than `max_result_bytes`. What was set before stays.
        """
        self.result = written(value, self.max_result_bytes)

    def previous_results(self) -> list[JobResult | None]:
        """Return what the jobs of the step before in the workflow have set or returned, in their order.

        As it was when this job was taken from its queue. None where nothing was kept, or no more: a result that is
        None is a `JobResult`. Empty in a first step, outside of workflows, and behind a step of more than 1000 jobs.
        """
        return [None if document is None else result_in(document) for document in self._run.previous]

    def cancel(self) -> None:
        """Ask the run to end early. From any thread; the perform is free not to look."""
        self._run.cancel = self._run.cancel or CancelRequest()


_current: ContextVar[CurrentJob | None] = ContextVar("verk_actors.current_job", default=None)


def current_job() -> CurrentJob | None:
    """Return the job that the caller runs in, None outside of any."""
    return _current.get()


def running(handle: CurrentJob, function: Callable[[*_Ts], _T], *args: *_Ts) -> _T:
    """Return `function(*args)`, run in a context of its own whose current job is `handle`."""
    return context_of(handle).run(function, *args)  # apart from the setting: no frame of ours in a job's traceback


def context_of(handle: CurrentJob) -> Context:
    """Return a copy of the caller's context, in which `handle` is the current job; for a task."""
    context = copy_context()
    context.run(_current.set, handle)
    return context


class JobContextFilter(logging.Filter):
    """Gives each record that is logged in a job the fields `node`, `queue`, `job_class`, `jid` and `attempt`.

    For a handler: `handler.addFilter(JobContextFilter())`. It lets all records pass, and keeps a field that is there.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the fields, if this is in a job."""
        current = _current.get()
        if current is not None:
            job = current.job
            fields = {"queue": job.queue, "job_class": job.class_, "jid": job.jid, "attempt": job.attempt}
            record.__dict__.update({"node": current.node_id, **fields} | record.__dict__)
        return True
