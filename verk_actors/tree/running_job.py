"""A job that a node has taken: from the fetch until Redis has confirmed its fate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs

from verk_actors.jobs.endings import DeathReason
from verk_actors.jobs.progress import JobProgress, progress_in
from verk_actors.jobs.run import CancelRequest
from verk_actors.otp.ref import Ref
from verk_actors.wire.failure import Failure
from verk_actors.wire.job import Job


@attrs.frozen
class Succeeded:
    """The run ended without raising.

    Attributes:
        result: what is to be kept of what it returned; None for nothing.
    """

    result: bytes | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True, eq=False)
class Failed:
    """The run raised, or its worker died.

    Attributes:
        retry_at: when the job class wants the next run, unix seconds; None leaves it to the curve.
        dead_because: why there is none, whatever its retries; None leaves it to those.
    """

    failure: Failure
    exception: BaseException | None = None
    retry_at: float | None = None
    dead_because: DeathReason | None = None


@attrs.frozen
class Snoozed:
    """The job wants to run again after so many seconds, and this run not to count."""

    seconds: float


@attrs.frozen
class Discarded:
    """The job wants to be done with."""

    reason: str


@attrs.frozen
class Cancelled:
    """The run was asked to end and did, or was given up; or the job never began.

    Attributes:
        stack: where it was when it was given up.
    """

    stack: tuple[str, ...] = ()


@attrs.frozen
class Undecodable:
    """The bytes are no job; nothing ran. They are buried under this jid."""

    reason: str
    jid: str


@attrs.frozen
class Expired:
    """It was taken after the time by which it had to begin; nothing ran."""


@attrs.frozen
class GivenBack:
    """It goes back to its queue without a retry counted: this node stops, or runs the queue no more."""


@attrs.frozen
class Slot:
    """What a job holds of a limit of concurrency while it is in progress.

    Attributes:
        limit_id: of the limit.
        key: of the hash that has it, under the jid.
    """

    limit_id: str
    key: str


Outcome = Succeeded | Failed | Snoozed | Discarded | Cancelled | Undecodable | Expired | GivenBack
SUCCEEDED = Succeeded()
EXPIRED = Expired()
GIVEN_BACK = GivenBack()


@attrs.define(eq=False)
class RunningJob:
    """One row of the running table; Verk keeps it in an ETS table of the WorkersManager.

    Attributes:
        payload: the exact bytes in the in-progress list.
        job: None where the bytes are no job.
        worker: who runs it; None while it waits for one.
        started_at, ended_at: unix seconds; 0 before.
        outcome: how it ended; None before. Set by `end`, and for one with `cancel` again when Redis is told.
        settled: True when Redis has confirmed; False when the job was no longer this node's; None before.
        slots: what it holds of limits, given back when it is settled.
        sent: its fate has been sent to Redis, and may have been done though there was no reply.
        coroutine: what runs it on an event loop.
        stuck: it has been told that this run takes too long.
        cancel: somebody wants the run to end; written by Canceller.
        ask: has the run be told so, from any thread; None where it has to look.
        interrupt: ends the run, from any thread; None where nothing can. What it comes to then counts no more.
        frames: tells where the run is, from any thread; None where its worker's thread runs it.
        progress: how far the run is, as it says itself.
        notice: reads that where a process runs it, from any thread; None elsewhere.
        previous: what the jobs of the step before have come to, as it is kept, in order; None where that is gone.
        progress_told: what listeners were told of it last; written by EventProducer.
    """

    payload: bytes = attrs.field(repr=False)
    job: Job | None
    worker: Ref | None = None
    started_at: float = 0.0
    ended_at: float = 0.0
    outcome: Outcome | None = None
    settled: bool | None = None
    slots: tuple[Slot, ...] = ()
    sent: bool = False
    coroutine: Any = attrs.field(default=None, repr=False)
    stuck: bool = False
    cancel: CancelRequest | None = None
    ask: Callable[[], None] | None = attrs.field(default=None, repr=False)
    interrupt: Callable[[], None] | None = attrs.field(default=None, repr=False)
    frames: Callable[[], tuple[str, ...]] | None = attrs.field(default=None, repr=False)
    progress: JobProgress | None = None
    notice: Callable[[], bytes] | None = attrs.field(default=None, repr=False)
    progress_told: JobProgress | None = None
    previous: Sequence[bytes | None] = attrs.field(default=(), repr=False)
    _undecided: list[None] = attrs.field(init=False, repr=False, factory=[None].copy)

    def how_far(self) -> JobProgress | None:
        """Return how far the run is; None where it has not said so."""
        notice = self.notice
        return self.progress if notice is None else progress_in(notice())

    def let_go(self) -> None:
        """Forget how to reach its run, which has ended; that leads here in turn, and would be garbage to collect."""
        self.coroutine = self.ask = self.interrupt = self.frames = self.notice = None

    def end(self, outcome: Outcome, now: float) -> bool:
        """Say how it has ended; False where somebody has said so before, and this does not count.

        Its worker, its managers and the Canceller may do so in one moment, each on its own thread. Else a job that has
        succeeded could be given back, and run twice.
        """
        if self.outcome is not None:
            return False
        try:
            self._undecided.pop()  # one step
        except IndexError:
            return False
        self.ended_at = now
        self.outcome = outcome
        return True
