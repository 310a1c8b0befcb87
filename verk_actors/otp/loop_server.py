"""A server whose thread runs an asyncio loop whenever its inbox is empty."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any, ClassVar

from verk_actors.otp.event_loop import EventLoop
from verk_actors.otp.exit_reason import KILLED, ExitReason
from verk_actors.otp.io_server import IoServer
from verk_actors.otp.log import Log

log = Log(__name__)


class LoopServer(IoServer):
    """A server that has tasks: they run while it waits for messages, and a message interrupts them at their next await.

    Handlers run on the same thread, between two turns of the loop, so they and the tasks need no lock; they are plain
    methods. A task is part of the server: what it raises crashes the server, as what a handler raises does, and at the
    server's end, a kill too, it is cancelled. The thread waits `cancel_seconds` for tasks that go on all the same; then
    they are dropped and never run again.

    Attributes:
        cancel_seconds: real seconds that tasks have to end in once they are cancelled.
        ending: why the server ends, while its tasks are cancelled; None before.
    """

    cancel_seconds: ClassVar[float] = 1.0
    ending: ExitReason | None = None
    _otp_made: EventLoop | None = None

    def spawn(
        self, coroutine: Coroutine[Any, Any, Any], ended: Callable[[Any], object], context: Context | None = None
    ) -> Callable[..., None]:
        """Start a task, on the server's thread; returns what cancels it, from any thread and at any time.

        That calls what it is given, if anything, on the server's thread once the task is to hear of it.

        Args:
            ended: called once on the server's thread, with what the coroutine returned; with None where it was
                cancelled, or dropped, with the server.
            context: what the coroutine runs in; a copy of the caller's unless given.
        """
        return self._otp_loop.spawn(coroutine, ended, context)

    def handle_loop_error(self, what: str, error: BaseException | None) -> None:
        """Handle what asyncio has to say of tasks that are not awaited, and of callbacks: write it to the log."""
        log.error("%s: %s: %r", self.actor_ref, what, error, exc_info=error)

    def handle_idle(self) -> None:
        """Turn the loop until a message comes."""
        self._otp_idle_while(self._otp_turn)

    def _otp_turn(self) -> None:
        inbox = self.actor_inbox
        while inbox.empty():
            inbox.arm()
            try:
                if inbox.empty():
                    self._otp_loop.turn()
            finally:
                inbox.disarm()

    @property
    def _otp_loop(self) -> EventLoop:
        """The loop, made by its first use: a server that never ran has no descriptor."""
        if self._otp_made is None:
            self._otp_made = EventLoop(self.handle_loop_error)
            self._otp_made.stop_when_readable(self.actor_inbox.fileno())
        return self._otp_made

    def _otp_terminate(self, reason: ExitReason) -> ExitReason:
        reason = super()._otp_terminate(reason)
        if self._actor_ref.reason is None:  # else it was killed, and released at once; or this is a forked child
            self._otp_end_tasks(reason)
        return reason

    def _otp_release(self) -> None:
        self._otp_end_tasks(self.actor_ref.reason or KILLED)
        if self._otp_made is not None:
            self._otp_made.close(self.cancel_seconds)
        super()._otp_release()

    def _otp_end_tasks(self, reason: ExitReason) -> None:
        if self._otp_made is None:
            return
        self.ending = self.ending or reason
        dropped = self._otp_made.end_tasks(self.cancel_seconds)
        if dropped:
            log.error("%s: %s tasks did not end when they were cancelled, and were dropped", self.actor_ref, dropped)
