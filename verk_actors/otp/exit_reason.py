"""Why a process ended, in OTP's words.

Source: Erlang/OTP Reference Manual, "Processes", section Errors; supervisor(3), restart.
"""

from __future__ import annotations

from typing import ClassVar

import attrs


@attrs.frozen
class ExitReason:
    """The root of the reasons a process can end for."""

    graceful: ClassVar[bool] = False
    """Whether a transient child that ends so is left alone."""


@attrs.frozen
class Normal(ExitReason):
    """The process was done, or was asked to stop."""

    graceful: ClassVar[bool] = True


@attrs.frozen
class Shutdown(ExitReason):
    """A supervisor ended it; `detail` says why where that was not its own shutdown."""

    graceful: ClassVar[bool] = True
    detail: str = ""


@attrs.frozen
class Killed(ExitReason):
    """It was declared dead without being asked; its thread may still be in user code."""


@attrs.frozen(eq=False)
class Crashed(ExitReason):
    """It raised."""

    error: BaseException


@attrs.frozen
class NoProcessAlive(ExitReason):
    """It was dead already when the link or monitor was made (OTP: noproc)."""


@attrs.frozen
class LeftInParent(ExitReason):
    """It lives in the process that this one was forked from; here it has no thread."""

    pid: int

    def __str__(self) -> str:
        return f"a fork takes no threads along; it lives in process {self.pid}"


NORMAL = Normal()
SHUTDOWN = Shutdown()
KILLED = Killed()
NOPROC = NoProcessAlive()
