"""Where each process and each other thread is in its code, in lines for a log."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import FrameType

from verk_actors.otp.observe import current_frames, inbox_length, lines_of
from verk_actors.otp.ref import Ref


def dump(root: Ref | None) -> Iterator[str]:
    """Yield a line for each process below a root, indented as the tree is, and for each thread that is of none of them.

    Nobody is stopped for this, and nobody asked: one that is stuck is shown like the others. A thread without a process
    may be the main thread, a library's, or one that was abandoned, in which a job still runs.
    """
    frames = current_frames()
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    if root is not None:
        yield from _below(root, "", frames)
    for ident, frame in frames.items():  # what is left of them
        yield f"thread {names.get(ident, ident)}: {' < '.join(lines_of(frame))}"


def _below(ref: Ref, indent: str, frames: dict[int, FrameType]) -> Iterator[str]:
    """Yield the lines of a process and of those below it, and take their frames out."""
    ident = ref.thread.ident if ref.thread is not None else None
    lines = " < ".join(lines_of(frames.pop(ident, None) if ident is not None else None))
    age, waiting = ref.runtime.clock.monotonic() - ref.started_at, inbox_length(ref)
    yield f"{indent}{ref}, {age:.0f} s old{f', {waiting} in its inbox' if waiting else ''}: {lines}"
    for row in ref.children:
        if row.ref is not None:
            yield from _below(row.ref, f"{indent}  ", frames)
        else:
            yield f"{indent}  {row.id}, {row.state}"
