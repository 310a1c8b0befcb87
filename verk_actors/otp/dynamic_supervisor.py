"""A supervisor of many like children that come and go.

Source: Elixir's DynamicSupervisor; OTP's simple_one_for_one.
"""

from __future__ import annotations

import attrs

from verk_actors.otp.child_spec import ChildSpec
from verk_actors.otp.children import Child
from verk_actors.otp.errors import ChildNotFound, TooManyChildren
from verk_actors.otp.message import Refused, handles
from verk_actors.otp.ref import Ref
from verk_actors.otp.supervisor import Supervisor
from verk_actors.otp.supervisor_messages import DeleteChild, RestartChild, StartChild, TerminateChild


class DynamicSupervisor(Supervisor):
    """Starts with no children; each is known by its process, not by an id.

    `StartChild` ignores the spec's id and may be sent as often as wanted; `TerminateChild` takes the `Ref`
    that it answered. A child that is not restarted is forgotten. All children are stopped at once.

    Args:
        max_children: one more is refused with `TooManyChildren`; None for no limit.
    """

    parallel_stop = True

    def __init__(self, max_children: int | None = None) -> None:
        super().__init__()
        self._max_children = max_children

    def _let_go(self, child: Child) -> None:
        self.children.forget(child)
        self._end_if_significant(child)

    @handles(StartChild)
    def _start_child(self, message: StartChild) -> Ref:
        spec: ChildSpec = message.spec
        if self._max_children is not None and len(self.children) >= self._max_children:
            raise Refused(TooManyChildren(spec.id))
        return self._start_new(attrs.evolve(spec, id=next(self._attempts)))

    @handles(TerminateChild)
    def _terminate_child(self, message: TerminateChild) -> None:
        child = next((c for c in self.children if c.last is message.id), None)
        if child is None:
            raise Refused(ChildNotFound(message.id))
        self.children.stop(child)
        self.children.forget(child)
        self.children.publish()

    @handles(RestartChild, DeleteChild)
    def _no_such_request(self, message: RestartChild | DeleteChild) -> None:
        raise Refused(ChildNotFound(message.id))
