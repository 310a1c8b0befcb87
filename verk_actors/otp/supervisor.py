"""The supervisor behaviour: starts children in order, stops them in reverse, restarts what ends.

Source: supervisor(3) and supervisor.erl of Erlang/OTP.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterable, Sequence
from typing import ClassVar

from verk_actors.otp.child_spec import ChildSpec, ChildType, Restart
from verk_actors.otp.children import Child, Children
from verk_actors.otp.errors import (
    BadChildSpec,
    ChildAlreadyPresent,
    ChildAlreadyStarted,
    ChildNotFound,
    ChildRestarting,
    ChildRunning,
    StartError,
)
from verk_actors.otp.exit_reason import SHUTDOWN, ExitReason, Shutdown
from verk_actors.otp.log import Log
from verk_actors.otp.message import Refused, Stop, handles
from verk_actors.otp.ref import ChildRow, Ref
from verk_actors.otp.restart_report import RestartReport, in_words
from verk_actors.otp.restart_window import RestartWindow
from verk_actors.otp.server import Server
from verk_actors.otp.strategy import AutoShutdown, Strategy, affected
from verk_actors.otp.supervisor_messages import (
    ChildCounts,
    CountChildren,
    DeleteChild,
    RestartChild,
    StartChild,
    TerminateChild,
    TryAgain,
    WhichChildren,
)

log = Log(__name__)


class Supervisor(Server):
    """A process whose children are processes.

    Subclasses set the attributes and return their children from `child_specs`.

    Attributes:
        strategy: see `Strategy`.
        max_restarts, max_seconds: the restart intensity; one more restart than that within that many seconds,
            and the supervisor stops its children and ends with `Shutdown`, for its parent to decide.
        auto_shutdown: see `AutoShutdown`.
        parallel_stop: stop all children at once instead of one by one in reverse, as OTP's dynamic
            supervisors do.
    """

    trap_exit = True
    init_timeout = None
    strategy: Strategy = Strategy.ONE_FOR_ONE
    max_restarts: int = 3
    max_seconds: float = 5.0
    auto_shutdown: AutoShutdown = AutoShutdown.NEVER
    parallel_stop: ClassVar[bool] = False

    def __init__(self, specs: Iterable[ChildSpec] = ()) -> None:
        super().__init__()
        self._specs = tuple(specs)
        self._attempts = itertools.count(1)
        self.children = Children(self.actor_ref, parallel_stop=self.parallel_stop)

    def child_specs(self) -> Sequence[ChildSpec]:
        """Return the children to start with, in start order."""
        return self._specs

    def init(self) -> None:
        """Start the children; if one does not start, stop the others and fail."""
        self._window = RestartWindow(self.max_restarts, self.max_seconds)
        children = [self._add(spec) for spec in self.child_specs()]
        failed = self.children.start_all(children)
        if failed is not None:
            self.children.stop_all(children)
            raise failed[1]

    def terminate(self, reason: ExitReason) -> None:
        """Stop the children in reverse start order."""
        self.children.stop_all(tuple(self.children))

    # -- restarting

    def handle_exit(self, sender: Ref | None, reason: ExitReason) -> None:
        """Restart or let go a child that ended; the end of anything else is ignored."""
        child = self.children.of(sender)
        if child is None or sender is None:
            return
        child.ref, child.trouble = None, in_words(reason)
        restart = child.spec.restart
        if restart is Restart.PERMANENT or (restart is Restart.TRANSIENT and not reason.graceful):
            log.warning("%s: %s ended (%s), %s", self.actor_ref, sender, reason, self.strategy.value)
            self._restart(child, self.clock.monotonic() - sender.started_at)
        else:
            self._let_go(child)
        self.children.publish()

    def _let_go(self, child: Child) -> None:
        """Leave a child ended."""
        if child.spec.restart is Restart.TEMPORARY:
            self.children.forget(child)
        self._end_if_significant(child)

    def _end_if_significant(self, child: Child) -> None:
        """End as `auto_shutdown` says after the end of a child; one that is to be restarted is active."""
        if not child.spec.significant or self.auto_shutdown is AutoShutdown.NEVER:
            return
        others = any(c.spec.significant and c.state != "stopped" for c in self.children)
        if self.auto_shutdown is AutoShutdown.ANY_SIGNIFICANT or not others:
            raise Stop(SHUTDOWN)

    def _restart(self, child: Child, lived_seconds: float = 0.0) -> None:
        """Restart a child, and those that go with it: at once, after its pause, or give up."""
        backoff = child.spec.backoff
        if backoff is not None:
            child.failures = 1 if lived_seconds > backoff.max_seconds else child.failures + 1
            pause_seconds = backoff.pause_seconds(child.failures)
            self._report(child, pause_seconds=pause_seconds)
            self._try_later(child, pause_seconds)
        elif self._window.restart_allowed(self.clock.monotonic()):
            self._report(child)
            self._restart_now(child)
        else:
            limit = f"more than {self.max_restarts} restarts in {self.max_seconds} s"
            log.error("%s: %s, the last of %r: giving up", self.actor_ref, limit, child.spec.id)
            self._report(child, gave_up=True)
            raise Stop(Shutdown(limit))

    def _report(self, child: Child, *, pause_seconds: float = 0.0, gave_up: bool = False) -> None:
        """Have the runtime keep what is done now, for whoever asks later."""
        group = () if gave_up else affected(self.strategy, tuple(self.children), child)
        report = RestartReport(
            at=self.clock.time(),
            supervisor=str(self.actor_ref),
            child=child.name,
            kind=child.spec.type.value if child.last is None else child.last.actor_class.__name__,
            reason=child.trouble,
            strategy=self.strategy.value,
            restarted=tuple(other.name for other in group),
            pause_seconds=pause_seconds,
            gave_up=gave_up,
        )
        self.actor_ref.runtime.report(report)

    def _restart_now(self, child: Child) -> None:
        group = affected(self.strategy, tuple(self.children), child)
        self.children.stop_all(group)
        for other in group:
            if other is not child and other.spec.restart is Restart.TEMPORARY:
                self.children.forget(other)
        group = [c for c in group if self.children.get(c.spec.id) is c]
        for other in group:
            other.restarts += 1
        failed = self.children.start_all(group)
        if failed is not None:
            # Never in a loop of its own: back through the inbox, so that a shutdown can get in between.
            child = failed[0]
            if child.spec.backoff is not None:
                self._restart(child)
            else:
                self._try_later(child, 0.0)

    def _try_later(self, child: Child, seconds: float) -> None:
        child.pending = next(self._attempts)
        message = TryAgain(child.spec.id, child.pending)
        if seconds > 0:
            log.warning("%s: %r starts again in %.1f s", self.actor_ref, child.spec.id, seconds)
            self.send_after(seconds, message)
        else:
            self.actor_ref.cast(message)
        self.children.publish()

    @handles(TryAgain)
    def _try_again(self, message: TryAgain) -> None:
        child = self.children.get(message.id)
        if child is None or child.pending != message.attempt:
            return  # terminated, deleted or restarted by request meanwhile
        if child.spec.backoff is not None:
            self._restart_now(child)
        else:
            self._restart(child)

    # -- requests

    def _add(self, spec: ChildSpec) -> Child:
        if spec.significant and self.auto_shutdown is AutoShutdown.NEVER:
            raise BadChildSpec("significant", True, "False where the supervisor's auto_shutdown is never")
        return self.children.add(spec)

    def _start_new(self, spec: ChildSpec) -> Ref:
        """Add a child and start it; it is not kept where that fails."""
        try:
            child = self._add(spec)
        except BadChildSpec as error:
            raise Refused(error) from error
        try:
            return self.children.start(child)
        except StartError as error:
            self.children.forget(child)
            raise Refused(error) from error

    def _child(self, id: Hashable) -> Child:
        child = self.children.get(id)
        if child is None:
            raise Refused(ChildNotFound(id))
        return child

    def _stopped_child(self, id: Hashable) -> Child:
        child = self._child(id)
        if child.ref is not None:
            raise Refused(ChildRunning(id))
        if child.pending is not None:
            raise Refused(ChildRestarting(id))
        return child

    @handles(StartChild)
    def _start_child(self, message: StartChild) -> Ref:
        id = message.spec.id
        present = self.children.get(id)
        if present is not None:
            raise Refused(ChildAlreadyStarted(id) if present.ref else ChildAlreadyPresent(id))
        return self._start_new(message.spec)

    @handles(TerminateChild)
    def _terminate_child(self, message: TerminateChild) -> None:
        child = self._child(message.id)
        self.children.stop(child)
        if child.spec.restart is Restart.TEMPORARY:
            self.children.forget(child)
        self.children.publish()

    @handles(RestartChild)
    def _restart_child(self, message: RestartChild) -> Ref:
        child = self._stopped_child(message.id)
        try:
            return self.children.start(child)
        except StartError as error:
            raise Refused(error) from error

    @handles(DeleteChild)
    def _delete_child(self, message: DeleteChild) -> None:
        self.children.forget(self._stopped_child(message.id))
        self.children.publish()

    @handles(WhichChildren)
    def _which_children(self, _: WhichChildren) -> tuple[ChildRow, ...]:
        return self.actor_ref.children

    @handles(CountChildren)
    def _count_children(self, _: CountChildren) -> ChildCounts:
        children = tuple(self.children)
        supervisors = sum(c.spec.type is ChildType.SUPERVISOR for c in children)
        active = sum(c.ref is not None for c in children)
        return ChildCounts(len(children), active, supervisors, len(children) - supervisors)
