"""What a supervisor knows about a child before it starts it.

Source: supervisor(3), child_spec().
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Hashable

import attrs

from verk_actors.otp.errors import BadChildSpec
from verk_actors.otp.server import Server


class Restart(enum.Enum):
    """When a child that ended is started again."""

    PERMANENT = "permanent"
    """Always."""
    TRANSIENT = "transient"
    """Only when it did not end gracefully (normal or shutdown)."""
    TEMPORARY = "temporary"
    """Never, and its specification is forgotten."""


class ChildType(enum.Enum):
    """What a child is, for `which_children` and the default of `shutdown`."""

    WORKER = "worker"
    SUPERVISOR = "supervisor"


class BrutalKill(enum.Enum):
    """The type of `BRUTAL_KILL`."""

    BRUTAL_KILL = "brutal_kill"


BRUTAL_KILL = BrutalKill.BRUTAL_KILL
"""As a `shutdown`: declare the child dead at once.

A thread can't be killed. A child stuck in user code is abandoned: dead for everybody, replaced if need
be, counted and named in the runtime's `abandoned()`, and gone when its call returns.
"""
INFINITY = math.inf
"""As a `shutdown`: wait as long as it takes; for supervisors, whose children have their own limits."""


@attrs.frozen(kw_only=True)
class Backoff:
    """Growing pauses before a child is restarted; not OTP's (compare Akka's BackoffSupervisor).

    A child with a backoff does not count towards its supervisor's restart intensity: it may fail for ever
    without taking its siblings down, which is what isolates one queue from another.
    """

    first_seconds: float = 1.0
    max_seconds: float = 60.0

    def pause_seconds(self, failures: int) -> float:
        """The pause before the restart after that many failures in a row (1 for the first)."""
        return min(self.max_seconds, self.first_seconds * 2.0 ** min(failures - 1, 60))


def _default_shutdown(spec: ChildSpec) -> float:
    return INFINITY if spec.type is ChildType.SUPERVISOR else 5.0


@attrs.frozen(kw_only=True)
class ChildSpec:
    """How to start one child, and what its end means.

    Attributes:
        id: unique within the supervisor.
        start: makes the child (a `Server` that has not run yet); called anew for each start.
        restart: see `Restart`.
        type: worker or supervisor.
        shutdown: seconds that `terminate` may take before the child is killed, or `BRUTAL_KILL`, or
            `INFINITY`. Default: 5 seconds, `INFINITY` for a supervisor (OTP's defaults).
        name: registered in the runtime while the child lives.
        significant: its own end may end the supervisor, see `Supervisor.auto_shutdown`.
        backoff: pauses between restarts; None restarts at once, as OTP.
    """

    id: Hashable
    start: Callable[[], Server]
    restart: Restart = Restart.PERMANENT
    type: ChildType = ChildType.WORKER
    shutdown: float | BrutalKill = attrs.field(default=attrs.Factory(_default_shutdown, takes_self=True))
    name: str | None = None
    significant: bool = False
    backoff: Backoff | None = None

    def __attrs_post_init__(self) -> None:
        seconds = isinstance(self.shutdown, int | float) and self.shutdown >= 0
        self._require(callable(self.start), "start", "a callable without arguments that returns a Server")
        self._require(isinstance(self.restart, Restart), "restart", "a Restart")
        self._require(isinstance(self.type, ChildType), "type", "a ChildType")
        self._require(
            seconds or self.shutdown is BRUTAL_KILL,
            "shutdown",
            "seconds of 0 or more, INFINITY or BRUTAL_KILL",
        )
        lasting = self.restart is Restart.PERMANENT
        self._require(not (self.significant and lasting), "significant", "False for a permanent child")

    def _require(self, holds: bool, field: str, allowed: str) -> None:
        if not holds:
            raise BadChildSpec(field, getattr(self, field), allowed)
