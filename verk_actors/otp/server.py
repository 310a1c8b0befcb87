"""The server behaviour: OTP's GenServer on a Pykka actor, and the one place that touches Pykka's loop.

What is closed here, each with its test in tests/otp: an exception in a call crashes the server and still
answers the caller; no BaseException leaves the loop, so a `SystemExit` in one actor can't stop the others;
a failing `init` is reported to whoever starts it; death counts only when the loop has ended; no call is
lost in the moment of a death; daemon threads, so that the interpreter's exit never hangs.

Source: gen_server(3); Pykka 4.5, `_actor.py`.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from typing import Any, ClassVar

import pykka
from pykka.messages import _ActorStop

from verk_actors.otp.clock import Clock
from verk_actors.otp.deferred import Deferred
from verk_actors.otp.envelope import Envelope, answer, answer_error
from verk_actors.otp.errors import NameTaken, StartError
from verk_actors.otp.exit_reason import KILLED, NORMAL, Crashed, ExitReason
from verk_actors.otp.message import NO_REPLY, WAKE, NoReply, Refused, Stop, handler_table
from verk_actors.otp.ref import Down, Exit, Ref, _local
from verk_actors.otp.runtime import Runtime
from verk_actors.otp.timers import Timer

log = logging.getLogger(__name__)


class Server(pykka.ThreadingActor):
    """A process with a mailbox, state, and handlers for its messages.

    Subclasses store arguments in `__init__` (which runs on the starter's thread) and acquire what they need
    in `init` (which runs on their own). Methods marked `@handles(Message)` handle messages; what they
    return answers a call, and what they raise crashes the server, `Refused` and `Stop` apart.

    Attributes:
        trap_exit: True gets exit signals of others as `Exit` messages in inbox order, and always gets
            `terminate` called on shutdown after what was in the inbox before it.
        init_timeout: seconds that `init` may take; None for no limit.
    """

    use_daemon_thread = True
    trap_exit: ClassVar[bool] = False
    init_timeout: ClassVar[float | None] = 30.0
    _handlers: ClassVar[dict[type, Callable[..., Any]]] = {}
    _actor_ref: Ref
    actor_inbox: Any  # of Envelopes of ours; Pykka's are made for its own loop

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._handlers = handler_table(cls)

    def __init__(self) -> None:
        super().__init__()
        self._actor_ref = Ref(self, trap_exit=self.trap_exit)
        self._watched: set[int] = set()
        self._reply_to: pykka.Future[Any] | None = None
        self._stop_reply: pykka.Future[Any] | None = None
        self._owns_runtime = False

    @property
    def actor_ref(self) -> Ref:
        """This process's handle."""
        return self._actor_ref

    @classmethod
    def start(cls, *args: Any, **kwargs: Any) -> Ref:
        """Start the server outside any tree, in a runtime of its own that ends with it.

        Raises:
            StartError: `init` raised or took too long.
        """
        return start_link(cls(*args, **kwargs))

    # -- for subclasses to override

    def init(self) -> None:
        """Acquire what the server needs; an error here reaches whoever starts it."""

    def terminate(self, reason: ExitReason) -> None:
        """Release what `init` acquired; called at every end but a kill."""

    def handle_idle(self) -> None:
        """Do what waits until the inbox is empty; called after each message that leaves it so."""

    def handle_exit(self, sender: Ref | None, reason: ExitReason) -> None:
        """Handle the end of a linked process other than the parent; needs `trap_exit`."""

    def handle_down(self, down: Down) -> None:
        """Handle the end of a monitored process."""

    # -- for subclasses to use

    @property
    def clock(self) -> Clock:
        """The runtime's clock."""
        return self._actor_ref.runtime.clock

    def monitor(self, ref: Ref) -> int:
        """Be told of the end of a process by one `Down`; returns the monitor's number."""
        number = ref.monitor(self._actor_ref)
        self._watched.add(number)
        return number

    def demonitor(self, ref: Ref, number: int) -> None:
        """Stop monitoring; a `Down` already in the inbox is dropped."""
        self._watched.discard(number)
        ref.demonitor(number)

    def send_after(self, seconds: float, message: object) -> Timer:
        """Send this process a message after that many seconds; the timer can be cancelled."""
        ref = self._actor_ref
        return ref.runtime.timers.after(seconds, lambda: ref.put(message))

    def defer(self) -> Deferred:
        """Take over the answering of the call being handled, whose handler then returns `NO_REPLY`."""
        if self._reply_to is not None:
            self._actor_ref.deferred.add(self._reply_to)
        return Deferred(self._actor_ref, self._reply_to)

    def forward(self, message: object, target: Ref) -> NoReply:
        """Hand the message being handled, and its caller, to another process; return the result."""
        if not target.put(message, self._reply_to) and self._reply_to is not None:
            answer_error(self._reply_to, pykka.ActorDeadError(f"{target} is dead"))
        return NO_REPLY

    def whereis(self, name: str) -> Ref | None:
        """Return the process of that name in this runtime."""
        return self._actor_ref.whereis(name)

    # -- Pykka's part

    @staticmethod
    def _create_actor_inbox() -> Any:
        return queue.SimpleQueue()  # a third of the cost of Pykka's queue.Queue

    def _start_actor_loop(self) -> None:
        ref = self._actor_ref
        ref.thread = threading.Thread(
            target=self._actor_loop, name=f"{ref.runtime.name}.{ref}", daemon=self.use_daemon_thread
        )
        ref.thread.start()

    def _actor_loop(self) -> None:
        ref = self._actor_ref
        _local.ref = ref
        reason = self._run_init()
        if reason is None:
            reason, last = self._receive()
            reason = self._terminate(reason)
            if isinstance(reason, Crashed):
                log.error("%s crashed: %r", ref, reason.error, exc_info=reason.error)
            ref.finish(reason)
            ref.drop(last)
        self._release()

    def _run_init(self) -> ExitReason | None:
        """Run `init`; returns the reason of the end if it did not succeed."""
        ref = self._actor_ref
        error: BaseException | None = None
        reason: ExitReason | None = None
        try:
            self.init()
        except Stop as stop:
            error, reason = stop, stop.reason
        except BaseException as raised:  # noqa: BLE001  the starter is the handler
            error, reason = raised, Crashed(raised)
        if ref.runtime.trace is not None:
            ref.runtime.trace.handled()
        if error is not None and reason is not None:
            ref.finish(reason)
            answer_error(ref.started, error)
            return reason
        answer(ref.started, None)
        return None

    def _receive(self) -> tuple[ExitReason, Envelope]:
        """Handle messages until there is a reason to end; returns it and the message not done with."""
        ref, inbox, handlers = self._actor_ref, self.actor_inbox, self._handlers
        get, trace = inbox.get, ref.runtime.trace
        handle_idle = self.handle_idle if type(self).handle_idle is not Server.handle_idle else None
        while True:
            envelope: Envelope = get()
            if ref.reason is not None or ref.pending_exit is not None:
                return ref.reason or ref.pending_exit or KILLED, envelope
            message, reply_to = envelope
            self._reply_to = reply_to
            try:
                handler = handlers.get(type(message))
                result = handler(self, message) if handler is not None else self._handle_other(message)
                if reply_to is not None and result is not NO_REPLY:
                    answer(reply_to, result)
                if handle_idle is not None and inbox.empty():
                    handle_idle()
            except BaseException as error:  # noqa: BLE001  every error has its meaning here
                reason = self._reason_of(error, message, reply_to)
                if reason is not None:
                    return reason, (message, None)
            if trace is not None:
                trace.handled()

    def _handle_other(self, message: object) -> object:
        """Handle what no handler is marked for: signals, then what Pykka knows."""
        if message is WAKE:
            return None
        if isinstance(message, Down):
            if message.monitor in self._watched:
                self._watched.discard(message.monitor)
                self.handle_down(message)
            return None
        if isinstance(message, Exit):
            if message.sender is None or message.sender is self._actor_ref.parent:
                raise Stop(message.reason)
            self.handle_exit(message.sender, message.reason)
            return None
        if isinstance(message, _ActorStop):
            raise Stop(NORMAL)
        return self._handle_receive(message)

    def _reason_of(
        self, error: BaseException, message: object, reply_to: pykka.Future[Any] | None
    ) -> ExitReason | None:
        """Answer the caller of a handler that raised; returns the reason to end, None to go on."""
        if isinstance(error, Stop):
            if isinstance(message, _ActorStop):
                self._stop_reply = reply_to
            elif reply_to is not None:
                answer(reply_to, None)
            return error.reason
        if isinstance(error, Refused):
            if reply_to is None:
                log.warning("%s refused %s: %s", self._actor_ref, type(message).__name__, error.error)
            else:
                answer_error(reply_to, error)
            return None
        if reply_to is not None:
            answer_error(reply_to, error)
        return Crashed(error)

    def _terminate(self, reason: ExitReason) -> ExitReason:
        if self._actor_ref.reason is None:
            try:
                self.terminate(reason)
            except BaseException as error:  # noqa: BLE001  as OTP: a raising terminate is the reason
                return Crashed(error)
        return reason

    def _release(self) -> None:
        """Give back what the process itself held, when its thread ends."""
        if self._owns_runtime:
            self._actor_ref.runtime.close()
        if self._stop_reply is not None:
            answer(self._stop_reply, None)


def start_link(
    server: Server, *, runtime: Runtime | None = None, parent: Ref | None = None, name: str | None = None
) -> Ref:
    """Start a server and wait for its `init`, as OTP's `start_link` does.

    Args:
        server: made, not yet started.
        runtime: where it lives; None makes one that ends with it.
        parent: linked to it, and heeded as its supervisor.
        name: registered while it lives.

    Raises:
        NameTaken: another live process has that name.
        StartError: `init` raised (the cause is chained) or took longer than `init_timeout`.
    """
    ref = server.actor_ref
    ref.runtime = runtime or Runtime(type(server).__name__)
    ref.parent, ref.name = parent, name
    ref.started_at = ref.runtime.clock.monotonic()
    server._owns_runtime = runtime is None
    if name is not None and (holder := ref.runtime.names.claim(name, ref)) is not None:
        raise NameTaken(str(ref), f"the name is taken by {holder!r}")
    if parent is not None:
        ref.link(parent)
    if ref.runtime.trace is not None:
        ref.runtime.trace.busy()
    try:
        server._start_actor_loop()
    except RuntimeError as error:  # Python 3.12+ starts no threads while the interpreter ends
        ref.finish(Crashed(error))
        raise StartError(str(ref), str(error)) from error
    try:
        ref.started.get(timeout=server.init_timeout)
    except pykka.Timeout as error:
        ref.kill()
        raise StartError(str(ref), f"init took longer than {server.init_timeout} s") from error
    except BaseException as error:
        raise StartError(str(ref), repr(error)) from error
    return ref
