"""What is kept of an exception that a job raised, and of where a job is; pure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from verk_actors import middleware
from verk_actors.wire.bookkeeping import MAX_MESSAGE_LENGTH
from verk_actors.wire.failure import Failure

_CHAIN = middleware.__file__  # its frames are between those of users' middleware
_OURS = str(Path(__file__).parents[3])  # the package: its frames are above the job's, and say nothing


def worker_died(reason: object) -> Failure:
    """Return what is kept of a run whose worker died."""
    return Failure(class_name="WorkerDied", message=f"the worker died: {reason}")


def failure_of(error: BaseException, max_frames: int) -> Failure:
    """Return an exception's class name, message and innermost frames, whatever it is made of."""
    return Failure(
        class_name=type(error).__name__,
        message=_message_of(error),
        backtrace=_frames_of(error.__traceback__, max_frames),
    )


def _message_of(error: BaseException) -> str:
    try:
        message = str(error)
    except BaseException:  # noqa: BLE001  a message that can't be had must not lose the job
        return f"unprintable {type(error).__name__}"
    return message[:MAX_MESSAGE_LENGTH].encode("utf-8", "backslashreplace").decode()


def _frames_of(traceback: TracebackType | None, max_frames: int) -> tuple[str, ...]:
    """Return the frames of the job's own code, the innermost first as Sidekiq has them.

    Without source lines: reading them would cost more than the rest of a failure.
    """
    lines: list[str] = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if code.co_filename != _CHAIN and (lines or not code.co_filename.startswith(_OURS)):
            lines.append(f"{code.co_filename}:{traceback.tb_lineno}:in {code.co_qualname}")
        traceback = traceback.tb_next
    return tuple(lines[: -max_frames - 1 : -1]) if max_frames else ()


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
