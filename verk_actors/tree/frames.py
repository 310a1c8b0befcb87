"""Where a running job is in its code."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from verk_actors.otp import coroutine_stack, stack
from verk_actors.tree.running_job import RunningJob

_PACKAGE = Path(__file__).parents[1]


def stack_of(running_job: RunningJob) -> tuple[str, ...]:
    """Return the frames of a running job, the innermost first; none where it has a process that does not tell."""
    if (frames := running_job.frames) is not None:
        return own_frames(frames())
    where = coroutine_stack(running_job.coroutine)
    if not where and running_job.worker is not None:
        where = stack(running_job.worker)  # also where it blocks its loop
    return own_frames(where)


def own_frames(stack: Sequence[str]) -> tuple[str, ...]:
    """Return the frames of a worker's stack that are its job's own, the innermost first as they came.

    Where there are none, as while a class is looked up, they are the worker's.
    """
    outermost = len(stack)
    while outermost and not _is_ours(stack[outermost - 1]):  # the interpreter's, of every thread
        outermost -= 1
    while outermost and _is_ours(stack[outermost - 1]):
        outermost -= 1
    return tuple(stack[:outermost] or stack)


def _is_ours(frame: str) -> bool:
    """Whether a frame is of this package, whose frames are above the job's; a job process may have it elsewhere."""
    file, _, _ = frame.rpartition(":in ")[0].rpartition(":")
    _, found, module = file.rpartition(f"/{_PACKAGE.name}/")
    return bool(found) and _is_module(module)


@cache
def _is_module(path: str) -> bool:
    return (_PACKAGE / path).is_file()
