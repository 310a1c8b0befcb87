"""What a supervisor can be asked; the functions of OTP's supervisor module.

Source: supervisor(3).
"""

from __future__ import annotations

from collections.abc import Hashable

import attrs

from verk_actors.otp.child_spec import ChildSpec
from verk_actors.otp.message import Call, Cast
from verk_actors.otp.ref import ChildRow, Ref


@attrs.frozen
class StartChild(Call[Ref]):
    """Add a child and start it.

    Answered with `ChildAlreadyStarted`, `ChildAlreadyPresent` or `StartError` where that fails; a child that
    did not start is not kept.
    """

    spec: ChildSpec


@attrs.frozen
class TerminateChild(Call[None]):
    """Stop a child and keep its specification (a temporary child's is forgotten)."""

    id: Hashable


@attrs.frozen
class RestartChild(Call[Ref]):
    """Start a child that was terminated; `ChildRunning` or `ChildRestarting` where it was not."""

    id: Hashable


@attrs.frozen
class DeleteChild(Call[None]):
    """Forget the specification of a child that does not run."""

    id: Hashable


@attrs.frozen
class WhichChildren(Call[tuple[ChildRow, ...]]):
    """Return a row for each child, in start order."""


@attrs.frozen
class ChildCounts:
    """The answer to `CountChildren`."""

    specs: int
    active: int
    supervisors: int
    workers: int


@attrs.frozen
class CountChildren(Call[ChildCounts]):
    """Count the children."""


@attrs.frozen(eq=False)
class TryAgain(Cast):
    """To itself: restart a child now. Through the inbox, so that a shutdown can get in between."""

    id: Hashable
    attempt: int
