"""The handle of a process: its mailbox, its links and monitors, and its death."""

from __future__ import annotations

import itertools
import threading
from typing import Any, TypeVar

import attrs
import pykka
from pykka.messages import _ActorStop

from verk_actors.otp.envelope import LAST, Answer, Envelope, answer, answer_dead, answer_error, drained
from verk_actors.otp.errors import CallsItself, CallTimeout
from verk_actors.otp.exit_reason import KILLED, NOPROC, NORMAL, SHUTDOWN, ExitReason
from verk_actors.otp.log import Log
from verk_actors.otp.message import WAKE, Call, Cast
from verk_actors.otp.runtime import Runtime

log = Log(__name__)
Reply = TypeVar("Reply")
_local = threading.local()
_numbers = itertools.count(1)


@attrs.frozen(eq=False)
class Down:
    """A monitored process ended; exactly one for each monitor.

    Source: erlang:monitor/2.
    """

    monitor: int
    ref: Ref
    reason: ExitReason


@attrs.frozen(eq=False)
class Exit(Cast):
    """An exit signal, as a process that traps exits sees it."""

    sender: Ref | None
    reason: ExitReason


@attrs.frozen
class ChildRow:
    """What a supervisor shows of one child; `ref` is None while it does not run, `last` is what it last ran as."""

    id: object
    ref: Ref | None
    type: str
    state: str
    restarts: int
    last: Ref | None = attrs.field(default=None, eq=False, repr=False)


def current() -> Ref | None:
    """Return the process whose thread this is."""
    return getattr(_local, "ref", None)


class Ref(pykka.ActorRef[Any]):
    """A Pykka actor reference with OTP's process control block.

    Everything here may be used from any thread. `ask`, `tell` and `stop` are Pykka's, `call` and `cast` typed forms.

    Attributes:
        pid: a number that no other process of this interpreter had or will have.
        name, label: the registered name, if any, and what is shown where there is none.
        runtime: the system it lives in; set when it starts.
        parent: the supervisor that started it.
        started_at: monotonic seconds.
        children: what a supervisor last published of its children; read without asking it.
        handling: what its thread is at; `LAST` between messages.
        deferred: calls that it took over and has not answered yet.
        killed, ending: declared dead by somebody else than its own thread; at its `terminate`, or past it.
        ports: what it has opened of them; killed with it, and closed when its thread ends.
    """

    runtime: Runtime
    actor_inbox: Any  # of Envelopes of ours; Pykka's are made for its own loop

    def __init__(self, server: pykka.ThreadingActor, *, trap_exit: bool) -> None:
        super().__init__(server)
        self.pid = next(_numbers)
        self.name: str | None = None
        self.label: str | None = None
        self.parent: Ref | None = None
        self.started_at = 0.0
        self.children: tuple[ChildRow, ...] = ()
        self.trap_exit = trap_exit
        self.thread: threading.Thread | None = None
        self.reason: ExitReason | None = None
        self.killed = self.ending = False
        self.pending_exit: ExitReason | None = None
        self.handling: Envelope = LAST
        self.deferred: set[Answer] = set()
        self.ports: set[Any] = set()
        self.started = Answer()
        self._ended = threading.Event()
        self._lock = threading.Lock()  # guards reason, _links and _monitors
        self._links: set[Ref] = set()
        self._monitors: dict[int, Ref] = {}

    def __str__(self) -> str:
        return self.name or self.label or f"{self.actor_class.__name__}<{self.pid}>"

    # -- messages

    def put(self, message: object, reply_to: Answer | None = None) -> bool:
        """Put a message into the inbox; False when the process is dead."""
        if self.reason is not None:
            return False
        trace = self.runtime.trace
        if trace is not None:
            trace.sent(str(current() or "outside"), self, message)
        self.actor_inbox.put((message, reply_to))
        if self.actor_stopped.is_set():
            # It died, and drained its inbox, between the look and the put: stock Pykka's lost ask.
            self._drain()
        return True

    cast = put

    def call(self, message: Call[Reply], timeout: float = 5.0) -> Reply:
        """Send a message and wait for its answer; 5 seconds are GenServer's default.

        Raises:
            CallTimeout: no answer in time; it may still be handled.
            pykka.ActorDeadError: it is dead, or died before it answered.
            Exception: what the handler raised.
        """
        try:
            reply: Reply = self.ask(message, timeout=timeout)
        except pykka.Timeout as error:
            raise CallTimeout(str(self), message, timeout) from error
        return reply

    def tell(self, message: object) -> None:
        """Send a message without waiting; raises `pykka.ActorDeadError` when it is dead."""
        if not self.put(message):
            raise self.dead_error()

    def ask(self, message: object, *, block: bool = True, timeout: float | None = None) -> Any:
        """Send a message and wait for the answer, or return a future where `block` is False."""
        if block and threading.current_thread() is self.thread:
            raise CallsItself(str(self))
        future = Answer()
        if not self.put(message, future):
            answer_error(future, self.dead_error())
        return future.get(timeout=timeout) if block else future

    def stop(self, *, block: bool = True, timeout: float | None = None) -> Any:
        """Stop the process after the messages already in its inbox; False when it was dead.

        With `block`, returns when its thread, its children and its runtime's timers have ended; else a future of that.
        """
        if block and threading.current_thread() is self.thread:
            raise CallsItself(str(self))
        future = Answer()
        if not self.put(_ActorStop(), future):
            answer(future, False)
        if not block:
            return future
        stopped = future.get(timeout=timeout)
        self.join(timeout)
        return stopped

    # -- life and death

    def exit(self, reason: ExitReason = SHUTDOWN, sender: Ref | None = None) -> None:
        """Send an exit signal.

        A process that traps exits gets an `Exit` in inbox order; any other ends at its next message boundary, before
        what else is in its inbox. `NORMAL` ends only those that trap it. `KILLED` kills (Erlang's `kill`); over a
        link, where others tell of their end, it is a reason like any other (Erlang's `killed`).
        """
        if reason == KILLED:
            self.kill()
        else:
            self._signal(reason, sender)

    def _signal(self, reason: ExitReason, sender: Ref | None) -> None:
        if self.trap_exit:
            self.put(Exit(sender, reason))
        elif reason != NORMAL:
            with self._lock:
                self.pending_exit = self.pending_exit or reason
            self.put(WAKE)

    def kill(self) -> None:
        """Declare the process dead now, whatever it is doing.

        Nothing can end a thread in Python: if it is in user code it is abandoned. It is dead for everybody
        else from now on, `terminate` is not called, and its thread ends when its present call returns.
        """
        if self.finish(KILLED, killed=True):
            self.drop(self.handling)
            self.actor_inbox.put(LAST)  # a thread that only waits for messages ends at once
            log.warning("%s was killed", self)

    def join(self, timeout: float | None = None) -> bool:
        """Wait until the process has ended, its thread too unless it was killed; False on timeout."""
        if not self._ended.wait(timeout):
            return False
        if not self.killed:
            self.join_thread(timeout)
        return True

    def join_thread(self, timeout: float | None = None) -> None:
        """Wait for the thread; that of a process that was killed works on until its present call returns."""
        if self.thread is not None and self.thread is not threading.current_thread():
            self.thread.join(timeout)

    def finish(self, reason: ExitReason, *, killed: bool = False) -> bool:
        """Make the process dead: the only place where that happens; False when it was already.

        The first caller wins, its own thread or a killer. The name is free before anybody hears of the
        death, so that a supervisor's restart can take it.
        """
        with self._lock:
            if self.reason is not None:
                return False
            self.reason, self.killed = reason, killed
            links, self._links = self._links, set()
            monitors, self._monitors = self._monitors, {}
        self.actor_stopped.set()
        for port in tuple(self.ports if killed else ()):
            port.kill()  # for its thread may never come to it
        if self.name is not None:
            self.runtime.names.release(self.name, self)
        if killed and self.thread is not None:
            self.runtime.abandon(self.thread, str(self))
        self._drain()
        for future in tuple(self.deferred):
            answer_error(future, self.dead_error())
        for other in links:
            other.unlink(self)
            other._signal(reason, self)
        for monitor, watcher in monitors.items():
            watcher.put(Down(monitor, self, reason))
        self._ended.set()
        if self.runtime.trace is not None:
            self.runtime.trace.forget(self)
        return True

    # -- links, monitors and names

    def link(self, other: Ref) -> None:
        """Tie two processes: the end of either is an exit signal to the other."""
        for one, two in ((self, other), (other, self)):
            with one._lock:
                if alive := one.reason is None:
                    one._links.add(two)
            if not alive:
                two.exit(NOPROC, one)

    def unlink(self, other: Ref) -> None:
        """Undo `link`."""
        for one, two in ((self, other), (other, self)):
            with one._lock:
                one._links.discard(two)

    def monitor(self, watcher: Ref) -> int:
        """Have `watcher` told of this process's end by one `Down`, at once if it is dead already."""
        number = next(_numbers)
        with self._lock:
            if self.reason is None:
                self._monitors[number] = watcher
                return number
        watcher.put(Down(number, self, NOPROC))
        return number

    def demonitor(self, number: int) -> None:
        """Undo `monitor`."""
        with self._lock:  # `finish` walks over what it took away under it
            self._monitors.pop(number, None)

    def whereis(self, name: str) -> Ref | None:
        """Return the process of that name in this process's runtime."""
        found: Ref | None = self.runtime.names.find(name)
        return found

    # -- what a dead process leaves

    def dead_error(self) -> pykka.ActorDeadError:
        """Make the error that callers of a dead process get."""
        return pykka.ActorDeadError(f"{self} is dead: {self.reason}")

    def drop(self, envelope: Envelope) -> None:
        """Answer, for a dead process, a message that it will not handle or has not answered."""
        if envelope is not LAST:
            answer_dead(envelope, self.dead_error())
            if self.runtime.trace is not None:
                self.runtime.trace.handled(self)

    def _drain(self) -> None:
        for envelope in drained(self.actor_inbox):
            self.drop(envelope)
