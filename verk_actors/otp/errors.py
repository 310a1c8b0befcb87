"""The kernel's own errors; none of them mentions a job."""

from __future__ import annotations

from collections.abc import Hashable

import attrs


@attrs.define(eq=False)
class OtpError(Exception):
    """The root of everything the kernel raises."""

    def __str__(self) -> str:
        return (self.__doc__ or "").splitlines()[0]


@attrs.define(eq=False)
class BadChildSpec(OtpError):
    """A child specification is wrong; nothing was started."""

    field: str
    value: object
    allowed: str

    def __str__(self) -> str:
        return f"child spec: {self.field} is {self.value!r}, allowed is {self.allowed}"


@attrs.define(eq=False)
class StartError(OtpError):
    """A process did not start: its `init` raised, took too long, or no thread could be had."""

    process: str
    why: str

    def __str__(self) -> str:
        return f"{self.process} did not start: {self.why}"


@attrs.define(eq=False)
class NameTaken(StartError):
    """A process of that name is alive in this runtime."""


@attrs.define(eq=False)
class NoProcess(OtpError):
    """No process of that name is alive; it may be restarting: try again."""

    name: str

    def __str__(self) -> str:
        return f"no process {self.name}"


@attrs.define(eq=False)
class CallTimeout(OtpError):
    """A call was not answered in time; the message may still be handled later."""

    process: str
    message: object
    seconds: float

    def __str__(self) -> str:
        return f"{self.process} did not answer {type(self.message).__name__} within {self.seconds} s"


@attrs.define(eq=False)
class PortClosed(OtpError):
    """The program of a port has ended, as `killed by SIGSEGV` or `exited with 3`."""

    owner: str
    how: str

    def __str__(self) -> str:
        return f"the program of {self.owner} has ended: {self.how}"


@attrs.define(eq=False)
class NotHandled(OtpError):
    """A server got a call or cast that it has no handler for, and crashed."""

    process: str
    message: object

    def __str__(self) -> str:
        return f"{self.process} has no handler for {type(self.message).__name__}"


@attrs.define(eq=False)
class CallsItself(OtpError):
    """A process called itself, which could never be answered."""

    process: str

    def __str__(self) -> str:
        return f"{self.process} calls itself"


@attrs.define(eq=False)
class ChildError(OtpError):
    """A supervisor refused a request about a child."""

    id: Hashable
    why: str

    def __str__(self) -> str:
        return f"child {self.id!r}: {self.why}"


@attrs.define(eq=False)
class ChildNotFound(ChildError):
    """The supervisor has no child specification of that id."""

    why: str = "not found"


@attrs.define(eq=False)
class ChildAlreadyStarted(ChildError):
    """A child of that id runs already."""

    why: str = "already started"


@attrs.define(eq=False)
class ChildAlreadyPresent(ChildError):
    """A child of that id is specified but not running: restart or delete it."""

    why: str = "already present"


@attrs.define(eq=False)
class ChildRunning(ChildError):
    """The request needs a child that does not run: terminate it first."""

    why: str = "running"


@attrs.define(eq=False)
class ChildRestarting(ChildError):
    """The supervisor is about to restart that child."""

    why: str = "restarting"


@attrs.define(eq=False)
class TooManyChildren(ChildError):
    """A dynamic supervisor has as many children as it may have."""

    why: str = "max_children reached"
