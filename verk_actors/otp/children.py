"""A supervisor's children: starting and stopping them, in order and in reverse."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence

import attrs

from verk_actors.otp.child_spec import BRUTAL_KILL, INFINITY, BrutalKill, ChildSpec
from verk_actors.otp.clock import SystemClock
from verk_actors.otp.errors import BadChildSpec, StartError
from verk_actors.otp.exit_reason import SHUTDOWN, Crashed
from verk_actors.otp.log import Log
from verk_actors.otp.ref import ChildRow, Ref
from verk_actors.otp.server import Server, start_link

log = Log(__name__)


@attrs.define(eq=False)
class Child:
    """The record of one child.

    Attributes:
        ref: the process; None while it does not run.
        last: the process it runs as, or last ran as.
        pending: the number of the restart that is to come; None when none is.
        restarts: how often it was restarted.
        failures: failed starts, or ends soon after the start, in a row; for the backoff.
        trouble: why it ended, or did not start, last; in words.
    """

    spec: ChildSpec
    ref: Ref | None = None
    last: Ref | None = None
    pending: int | None = None
    restarts: int = 0
    failures: int = 0
    trouble: str = ""

    @property
    def name(self) -> str:
        """What it is called in a report: as the process that it last ran as."""
        return str(self.last or self.spec.name or self.spec.id)

    @property
    def state(self) -> str:
        """One of running, restarting, stopped."""
        if self.ref is not None:
            return "running"
        return "stopped" if self.pending is None else "restarting"


class Children:
    """The children of one supervisor, in start order.

    Args:
        owner: the supervisor's process, on whose thread everything here runs.
        parallel_stop: signal all before waiting for any.
    """

    def __init__(self, owner: Ref, *, parallel_stop: bool = False) -> None:
        self._owner = owner
        self._parallel_stop = parallel_stop
        self._table: dict[Hashable, Child] = {}

    def __iter__(self) -> Iterator[Child]:
        return iter(tuple(self._table.values()))

    def __len__(self) -> int:
        return len(self._table)

    def get(self, id: Hashable) -> Child | None:
        """Return the child of that id."""
        return self._table.get(id)

    def of(self, ref: Ref | None) -> Child | None:
        """Return the child that runs as that process."""
        return None if ref is None else next((c for c in self._table.values() if c.ref is ref), None)

    def add(self, spec: ChildSpec) -> Child:
        """Add the record of a child, not started.

        Raises:
            BadChildSpec: the id is taken.
        """
        if spec.id in self._table:
            raise BadChildSpec("id", spec.id, "unique within the supervisor")
        child = self._table[spec.id] = Child(spec)
        return child

    def forget(self, child: Child) -> None:
        """Remove the record of a child that does not run."""
        del self._table[child.spec.id]

    def start(self, child: Child) -> Ref:
        """Start one child; raises `StartError`."""
        child.pending = None
        server = _made(child.spec)
        ref = start_link(server, runtime=self._owner.runtime, parent=self._owner, name=child.spec.name)
        child.ref = child.last = ref
        self.publish()
        return ref

    def start_all(self, children: Iterable[Child]) -> tuple[Child, StartError] | None:
        """Start them in order; stops at, and returns, the first that does not start."""
        for child in children:
            try:
                self.start(child)
            except StartError as error:
                log.error("%s: child %r did not start: %s", self._owner, child.spec.id, error.why)
                child.trouble = f"did not start: {error.why}"
                return child, error
        return None

    def stop_all(self, children: Sequence[Child]) -> None:
        """Stop those that run, in reverse order, and cancel the restarts of those that do not."""
        if not self._parallel_stop:
            for child in reversed(children):
                self.stop(child)
            return
        began = SystemClock.monotonic()
        for child in reversed(children):
            self._signal(child)
        for child in reversed(children):
            self._await_end(child, began)

    def stop(self, child: Child) -> None:
        """Stop one child: ask, wait as long as its spec allows, then kill."""
        began = SystemClock.monotonic()
        self._signal(child)
        self._await_end(child, began)

    def publish(self) -> None:
        """Show the children to whoever looks at the tree; a new tuple, so that readers need no lock."""
        self._owner.children = tuple(
            ChildRow(c.spec.id, c.ref, c.spec.type.value, c.state, c.restarts, c.last) for c in self._table.values()
        )

    def _signal(self, child: Child) -> None:
        ref = child.ref
        child.pending = None
        if ref is None or ref.reason is not None:
            return
        # Unlinked first: its end is no news any more, and an Exit sent before is from an unknown process.
        ref.unlink(self._owner)
        if child.spec.shutdown is BRUTAL_KILL:
            ref.kill()
        else:
            ref.exit(SHUTDOWN, self._owner)

    def _await_end(self, child: Child, began: float) -> None:
        """Wait for a child that was told to end at the real monotonic time `began`."""
        ref, limit = child.ref, child.spec.shutdown
        if ref is None:
            return
        if isinstance(limit, BrutalKill) or limit == INFINITY:
            ref.join()
        elif not ref.join(max(0.0, began + limit - SystemClock.monotonic())):
            log.error("%s: %s did not stop within %s s", self._owner, ref, limit)
            ref.kill()
        if isinstance(ref.reason, Crashed):
            log.error("%s: %s crashed while stopping: %r", self._owner, ref, ref.reason.error)
        child.ref = None
        self.publish()


def _made(spec: ChildSpec) -> Server:
    """Call a spec's `start`; whatever is wrong with it is a failed start, as in OTP."""
    try:
        server: object = spec.start()
    except BaseException as error:
        raise StartError(str(spec.id), repr(error)) from error
    if not isinstance(server, Server):
        raise StartError(str(spec.id), f"its start made {server!r}, which is no Server")
    return server
