"""The life of a process on a Pykka actor: `init`, one message after another, `terminate`.

The one place that touches Pykka's loop. What is closed here, each with its test in tests/otp: an exception in
a call crashes the server and still answers the caller; no BaseException leaves the loop, so a `SystemExit` in
one actor can't stop the others; a failing `init` is reported to whoever starts it; death counts only when the
loop has ended; no call is lost in the moment of a death; daemon threads, so that the interpreter's exit never
hangs.

Source: gen_server(3); Pykka 4.5, `_actor.py`.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any, ClassVar, Protocol

import pykka
from pykka.messages import _ActorStop

from verk_actors.otp.envelope import LAST, Answer, Envelope, answer, answer_error
from verk_actors.otp.errors import NotHandled
from verk_actors.otp.exit_reason import KILLED, NORMAL, Crashed, ExitReason, LeftInParent
from verk_actors.otp.fork import end_child
from verk_actors.otp.log import Log
from verk_actors.otp.message import NO_REPLY, WAKE, Call, Cast, Refused, Stop, handler_table
from verk_actors.otp.ref import Down, Exit, Ref, _local

log = Log(__name__)


class Closeable(Protocol):
    """What a process may own: a file, a socket, a connection."""

    def close(self) -> object:
        """Release it; once more does no harm."""
        ...


class Process(pykka.ThreadingActor):
    """What every server is: a thread, an inbox, and the hooks that its loop calls.

    Names of its own begin with `_otp_`, since subclasses are users' classes and choose theirs freely.

    Attributes:
        trap_exit: True gets exit signals of others as `Exit` messages in inbox order, and always gets
            `terminate` called on shutdown after what was in the inbox before it.
    """

    use_daemon_thread = True
    trap_exit: ClassVar[bool] = False
    _otp_handlers: ClassVar[dict[type, Callable[..., Any]]] = {}
    _otp_idles: ClassVar[bool] = False
    _actor_ref: Ref
    actor_inbox: Any  # of Envelopes of ours; Pykka's are made for its own loop

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._otp_handlers = handler_table(cls)
        cls._otp_idles = cls.handle_idle is not Process.handle_idle

    def __init__(self) -> None:
        super().__init__()
        self._actor_ref = Ref(self, trap_exit=self.trap_exit)
        self._otp_watched: dict[int, Ref] = {}
        self._otp_owned: list[Closeable] = []
        self._otp_owns_runtime = False

    # -- for subclasses to override

    def init(self) -> None:
        """Acquire what the server needs; an error here reaches whoever starts it."""

    def terminate(self, reason: ExitReason) -> None:
        """Release what `init` acquired; called at every end but a kill. May raise a `Stop` with a better reason."""

    def handle_idle(self) -> None:
        """Do what waits until the inbox is empty; called after `init`, and each message, that leaves it so."""

    def handle_exit(self, sender: Ref | None, reason: ExitReason) -> None:
        """Handle the end of a linked process other than the parent; needs `trap_exit`."""

    def handle_down(self, down: Down) -> None:
        """Handle the end of a monitored process."""

    def on_receive(self, message: Any) -> Any:
        """Handle what no method is marked for: Pykka's hook, which only logs it.

        Raises:
            NotHandled: a `Call` or `Cast` without a handler is a bug and crashes the server, as in OTP.
        """
        if isinstance(message, Call | Cast):
            raise NotHandled(str(self._actor_ref), message)
        return super().on_receive(message)

    # -- the loop

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
        if self._otp_run_init():
            reason = self._otp_run()
            if isinstance(ref.reason, LeftInParent):
                end_child(reason)
            ref.finish(reason)
        ref.drop(ref.handling)
        self._otp_release()

    def _otp_run_init(self) -> bool:
        """Run `init` and tell the starter; False where it failed, and the process is dead."""
        ref = self._actor_ref
        try:
            self.init()
        except BaseException as error:  # noqa: BLE001  the starter is the handler
            if ref.parent is not None:
                ref.unlink(ref.parent)  # the starter hears of it once, by its StartError
            ref.finish(error.reason if isinstance(error, Stop) else Crashed(error))
            answer_error(ref.started, error)
            return False
        if self._otp_idles:
            ref.put(WAKE)  # after init the inbox may be empty, too
        answer(ref.started, None)
        if ref.runtime.trace is not None:
            ref.runtime.trace.handled(ref)
        return True

    def _otp_run(self) -> ExitReason:
        """Live from one message to the next until there is a reason to end, and end."""
        try:
            reason = self._otp_receive()
            self._actor_ref.ending = True
            return self._otp_terminate(reason)
        except BaseException as error:  # noqa: BLE001  between messages, or in a log handler: dead all the same
            return Crashed(error)

    def _otp_receive(self) -> ExitReason:
        """Handle messages until there is a reason to end."""
        ref, inbox, handlers = self._actor_ref, self.actor_inbox, self._otp_handlers
        get, trace = inbox.get, ref.runtime.trace
        handle_idle = self.handle_idle if self._otp_idles else None
        while True:
            envelope: Envelope = get()
            ref.handling = envelope
            if ref.reason is not None or ref.pending_exit is not None:
                return ref.reason or ref.pending_exit or KILLED
            message, reply_to = envelope
            try:
                handler = handlers.get(type(message))
                result = handler(self, message) if handler is not None else self._otp_handle_other(message)
                if reply_to is not None and result is not NO_REPLY:
                    answer(reply_to, result)
                ref.handling, reply_to = LAST, None
                if handle_idle is not None and inbox.empty():
                    handle_idle()
            except BaseException as error:  # noqa: BLE001  every error has its meaning here
                reason = self._otp_reason_of(error, message, reply_to)
                if reason is not None:
                    return reason
                ref.handling = LAST
            if trace is not None:
                trace.handled(ref)

    def _otp_handle_other(self, message: object) -> object:
        """Handle what no handler is marked for: signals, then what Pykka knows."""
        if message is WAKE:
            return None
        if isinstance(message, Down):
            if self._otp_watched.pop(message.monitor, None) is not None:
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

    def _otp_reason_of(self, error: BaseException, message: object, reply_to: Answer | None) -> ExitReason | None:
        """Answer the caller of a handler that raised; returns the reason to end, None to go on."""
        if isinstance(error, Stop):
            if reply_to is not None and not isinstance(message, _ActorStop):  # that one is answered at the end
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
        return self._otp_crashed(error)

    def _otp_terminate(self, reason: ExitReason) -> ExitReason:
        if self._actor_ref.reason is None:
            try:
                self.terminate(reason)
            except Stop as stop:
                return stop.reason
            except BaseException as error:  # noqa: BLE001  as OTP: a raising terminate is the reason
                return self._otp_crashed(error)
        return reason

    def _otp_crashed(self, error: BaseException) -> Crashed:
        log.error("%s crashed: %r", self._actor_ref, error, exc_info=error)
        return Crashed(error)

    def _otp_release(self) -> None:
        """Give back what the process itself held, when its thread ends."""
        for resource in self._otp_owned:
            resource.close()
        for number, ref in self._otp_watched.items():
            ref.demonitor(number)
        for port in tuple(self._actor_ref.ports):
            port.close()
        if self._otp_owns_runtime:
            self._actor_ref.runtime.close()
