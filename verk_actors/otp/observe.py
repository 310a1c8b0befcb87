"""A picture of a live tree, taken without asking any process: a stuck one is in it like the others."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

import attrs

from verk_actors.otp.envelope import LAST
from verk_actors.otp.ref import ChildRow, Ref
from verk_actors.otp.restart_report import RestartReport
from verk_actors.otp.strategy import Strategy


@attrs.frozen(kw_only=True)
class ProcessInfo:
    """One process as it is seen from outside.

    Attributes:
        name: registered name, else class and pid.
        pid: unique in the interpreter; None for a child that does not run.
        state: running, restarting or stopped.
        restarts: how often its supervisor restarted it.
        inbox: messages that wait for it.
        age_seconds: since its start.
        is_busy: whether it is at a message, as a worker is while it runs a job.
        strategy: of a supervisor, what it does when a child ends.
        children: of a supervisor, in start order.
    """

    name: str
    kind: str
    pid: int | None = None
    state: str = "running"
    restarts: int = 0
    inbox: int = 0
    age_seconds: float = 0.0
    is_busy: bool = False
    strategy: str = ""
    children: tuple[ProcessInfo, ...] = ()

    def walk(self) -> Iterator[ProcessInfo]:
        """Yield this process and all below it, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()


@attrs.frozen
class Supervision:
    """A tree, and the latest restarts in it, the newest last."""

    tree: ProcessInfo
    restarts: tuple[RestartReport, ...]


def supervision(root: Ref) -> Supervision:
    """Return the tree below a root as it is now, and what its supervisors have reported."""
    return Supervision(snapshot(root), root.runtime.reports())


def snapshot(ref: Ref, row: ChildRow | None = None) -> ProcessInfo:
    """Return the tree below a process as it is now."""
    return ProcessInfo(
        name=str(ref),
        kind=ref.actor_class.__name__,
        pid=ref.pid,
        state=row.state if row is not None else ("running" if ref.is_alive() else "stopped"),
        restarts=row.restarts if row is not None else 0,
        inbox=inbox_length(ref),
        age_seconds=round(ref.runtime.clock.monotonic() - ref.started_at, 3),
        is_busy=ref.handling is not LAST,
        strategy=_strategy(ref),
        children=tuple(_child(child) for child in ref.children),
    )


def _child(row: ChildRow) -> ProcessInfo:
    if row.ref is not None:
        return snapshot(row.ref, row)
    last = row.last
    if last is None:
        return ProcessInfo(name=str(row.id), kind=row.type, state=row.state, restarts=row.restarts)
    kind = last.actor_class.__name__
    return ProcessInfo(name=str(last), kind=kind, state=row.state, restarts=row.restarts, strategy=_strategy(last))


def _strategy(ref: Ref) -> str:
    strategy = getattr(ref.actor_class, "strategy", None)
    return strategy.value if isinstance(strategy, Strategy) else ""


def inbox_length(ref: Ref) -> int:
    """Return how many messages wait for a process."""
    inbox: Any = ref.actor_inbox
    return int(inbox.qsize())


def stack(ref: Ref) -> tuple[str, ...]:
    """Return where a process is in its code, as `file:line:in function`, the innermost frame first.

    Empty where it has no thread any more. It is not stopped for this, so it may be elsewhere when the caller reads it.

    Source: erlang:process_info(Pid, current_stacktrace).
    """
    thread = ref.thread
    if thread is None or thread.ident is None or not thread.is_alive():
        return ()
    return lines_of(current_frames().get(thread.ident))


def current_frames() -> dict[int, FrameType]:
    """Return where each thread is, by its number.

    Without the garbage collector: Python holds its lock of all threads meanwhile, which the end of a `threading.local`
    wants too. Collected in that moment, as it was once with 3.11.7, that stops the whole process for good.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return sys._current_frames()
    finally:
        if was_enabled:
            gc.enable()


def lines_of(frame: FrameType | None) -> tuple[str, ...]:
    """Return a frame, and those that have called it, as `stack` does."""
    lines: list[str] = []
    while frame is not None:
        lines.append(_line(frame))
        frame = frame.f_back
    return tuple(lines)


def coroutine_stack(coroutine: Any) -> tuple[str, ...]:
    """Return where a coroutine waits, like `stack`; empty where it does not wait, but runs or has ended."""
    lines: list[str] = []
    while coroutine is not None and not getattr(coroutine, "cr_running", False):
        frame = getattr(coroutine, "cr_frame", None)
        if frame is None:
            break  # what is awaited here is no coroutine, but a future
        lines.append(_line(frame))
        coroutine = coroutine.cr_await
    return tuple(reversed(lines))


def _line(frame: FrameType) -> str:
    return f"{frame.f_code.co_filename}:{frame.f_lineno}:in {frame.f_code.co_qualname}"
