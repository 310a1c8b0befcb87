"""Where a running job is in its code."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from verk_actors.otp import coroutine_stack, stack
from verk_actors.running_job import RunningJob

_OURS = str(Path(__file__).parents[1])  # the package: its frames are above the job's, and say nothing


def stack_of(running_job: RunningJob) -> tuple[str, ...]:
    """Return the frames of a running job, the innermost first; none where it has a process that does not tell."""
    if running_job.frames is not None:
        return own_frames(running_job.frames())
    where = coroutine_stack(running_job.coroutine)
    if not where and running_job.worker is not None:
        where = stack(running_job.worker)  # also where it blocks its loop
    return own_frames(where)


def own_frames(stack: Sequence[str]) -> tuple[str, ...]:
    """Return the frames of a worker's stack that are its job's own, the innermost first as they came.

    Where there are none, as while a class is looked up, they are the worker's.
    """
    outermost = len(stack)
    while outermost and not stack[outermost - 1].startswith(_OURS):  # the interpreter's, of every thread
        outermost -= 1
    while outermost and stack[outermost - 1].startswith(_OURS):
        outermost -= 1
    return tuple(stack[:outermost] or stack)
