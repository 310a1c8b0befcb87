"""What is kept of an exception that a job raised; pure."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from verk_actors import middleware
from verk_actors.wire.bookkeeping import MAX_MESSAGE_LENGTH
from verk_actors.wire.failure import Failure

_CHAIN = middleware.__file__  # its frames are between those of users' middleware
_OURS = str(Path(__file__).parents[3])  # the package: its frames are above the job's, and say nothing
_COMMANDS = f"{_OURS}/cli/"  # but for those of the jobs of `verk demo`


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
        if code.co_filename != _CHAIN and (lines or _is_users(code.co_filename)):
            lines.append(f"{code.co_filename}:{traceback.tb_lineno}:in {code.co_qualname}")
        traceback = traceback.tb_next
    return tuple(lines[: -max_frames - 1 : -1]) if max_frames else ()


def _is_users(path: str) -> bool:
    return not path.startswith(_OURS) or path.startswith(_COMMANDS)
