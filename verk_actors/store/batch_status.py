"""How far a batch is, as Redis has it, and what may stand in its way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import attrs

from verk_actors.errors import VerkError, shown
from verk_actors.store.replies import name_of, named

BatchState: TypeAlias = Literal["waiting", "running", "complete", "succeeded"]
"""What a batch is in: not begun, as a step before it has not ended; running; complete: no member is to run, but some
have failed for good; or succeeded."""


@attrs.define(eq=False)
class BatchNotOpen(VerkError):
    """Raised when a batch can't get members: there is none of that id, or it is complete or not begun; make another."""

    bid: str

    def __str__(self) -> str:
        return f"batch {shown(self.bid)} takes no members: there is none of that id, or it is complete, or not begun"


@attrs.define(eq=False)
class BatchNotFound(VerkError):
    """Raised when a batch is asked for and there is none of that id; it may have expired."""

    bid: str

    def __str__(self) -> str:
        return f"there is no batch {shown(self.bid)}"


@attrs.define(eq=False)
class BatchExists(VerkError):
    """Raised when a batch is made under an id that another has, or the same that was made before."""

    bid: str

    def __str__(self) -> str:
        return f"there is a batch {shown(self.bid)} already"


@attrs.define(eq=False)
class BatchInBatch(VerkError):
    """Raised when a batch is to be deleted that another waits for; delete that."""

    bid: str
    parent: str

    def __str__(self) -> str:
        return f"batch {shown(self.bid)} is within {shown(self.parent)}, which waits for it"


@attrs.frozen(kw_only=True)
class BatchStatus:
    """A batch. Times are unix seconds.

    Attributes:
        bid: its id.
        description: for people.
        total: how many members it has: jobs, those of steps to come included, and batches within it.
        pending: how many of them have not come to an end, and may run.
        failed: how many have ended for good without success: they are dead, or were discarded, deleted or cancelled.
        waiting: how many belong to steps to come.
        stage, stages: which of its steps it is at, from 1, of how many; 0 before the first.
        parent: the id of the batch that it is a member of.
        created_at: when it was made.
        expires_at: when it is forgotten, wherever it is; its jobs are not.
        completed_at: when no member was to run any more, for the first time.
        succeeded_at: when all members had succeeded.
        on_complete, on_success: the jids of the jobs that are enqueued then; None where there is no such callback.
        done: how many members have succeeded.
        percent: how many of a hundred members have succeeded; 100 of none.
        state: what it is in; one that is complete runs again where a failed member is given another try.
    """

    bid: str
    description: str = ""
    total: int
    pending: int
    failed: int
    waiting: int = 0
    stages: int = 1
    stage: int = 1
    parent: str | None = None
    created_at: float
    expires_at: float
    completed_at: float | None = None
    succeeded_at: float | None = None
    on_complete: str | None = None
    on_success: str | None = None
    done: int = attrs.field(init=False)
    percent: float = attrs.field(init=False)
    state: BatchState = attrs.field(init=False)

    @done.default
    def _how_many_done(self) -> int:
        return max(0, self.total - self.pending - self.failed - self.waiting)

    @percent.default
    def _how_far(self) -> float:
        return 100.0 * self.done / self.total if self.total else 100.0

    @state.default
    def _in_what(self) -> BatchState:
        if self.succeeded_at is not None:
            return "succeeded"
        if self.stage == 0:
            return "waiting"
        return "complete" if self.completed_at is not None and not self.pending else "running"


@attrs.frozen(kw_only=True)
class BatchRow:
    """A batch as whoever goes on with it reads it.

    Attributes:
        turn: written anew by each change, so that a change relies on what was read.
        is_held: it is a step to come of its parent, or part of one.
        is_told: its parent counts it among the failed.
        sizes: how many members each step to come has.
        on_complete, on_success: the payloads of the callbacks.
    """

    status: BatchStatus
    turn: str
    is_held: bool
    is_told: bool
    sizes: tuple[int, ...]
    on_complete: bytes | None = attrs.field(default=None, repr=False)
    on_success: bytes | None = attrs.field(default=None, repr=False)


def row_of(bid: str, reply: Sequence[Any]) -> BatchRow | None:
    """Returns what the script `batch` has read; None where there is no such batch."""
    flat, pending, failed, waiting = reply
    fields = dict(named(flat))
    if "turn" not in fields:
        return None
    sizes = tuple(map(int, fields["sizes"].split(b","))) if fields.get("sizes") else ()
    stages, is_held = int(fields.get("stages", 1)), "held" in fields
    status = BatchStatus(
        bid=bid,
        description=name_of(fields.get("description", b"")),
        total=int(fields["total"]),
        pending=pending,
        failed=failed,
        waiting=waiting,
        stages=stages,
        stage=0 if is_held else stages - len(sizes),
        parent=_name(fields.get("parent")),
        created_at=float(fields["created_at"]),
        expires_at=float(fields["expires_at"]),
        completed_at=_time(fields.get("completed_at")),
        succeeded_at=_time(fields.get("succeeded_at")),
        on_complete=_name(fields.get("complete_jid")),
        on_success=_name(fields.get("success_jid")),
    )
    return BatchRow(
        status=status,
        turn=name_of(fields["turn"]),
        is_held=is_held,
        is_told="told" in fields,
        sizes=sizes,
        on_complete=fields.get("on_complete"),
        on_success=fields.get("on_success"),
    )


def _name(text: bytes | None) -> str | None:
    return None if text is None else name_of(text)


def _time(text: bytes | None) -> float | None:
    return None if text is None else float(text)
