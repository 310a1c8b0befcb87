"""The server behaviour: OTP's GenServer.

Source: gen_server(3).
"""

from __future__ import annotations

import threading
from typing import Any, ClassVar, TypeVar

import pykka

from verk_actors.otp.clock import Clock
from verk_actors.otp.deferred import Deferred
from verk_actors.otp.envelope import LAST, answer_error
from verk_actors.otp.errors import NameTaken, StartError
from verk_actors.otp.fork import remember
from verk_actors.otp.message import NO_REPLY, NoReply
from verk_actors.otp.process import Closeable, Process
from verk_actors.otp.ref import Ref
from verk_actors.otp.runtime import Runtime
from verk_actors.otp.timers import Timer

Resource = TypeVar("Resource", bound=Closeable)


class Server(Process):
    """A process with a mailbox, state, and handlers for its messages.

    Subclasses store arguments in `__init__` (which runs on the starter's thread) and acquire what they need
    in `init` (which runs on their own). Methods marked `@handles(Message)` handle messages; what they
    return answers a call, and what they raise crashes the server, `Refused` and `Stop` apart. The other hooks
    are in `Process`: `terminate`, `handle_idle`, `handle_exit`, `handle_down`.

    Attributes:
        init_timeout: seconds that `init` may take; None for no limit.
    """

    init_timeout: ClassVar[float | None] = 30.0

    @classmethod
    def start(cls, *args: Any, **kwargs: Any) -> Ref:
        """Start the server outside any tree, in a runtime of its own that ends with it.

        Raises:
            StartError: `init` raised or took too long.
        """
        return start_link(cls(*args, **kwargs))

    @property
    def actor_ref(self) -> Ref:
        """This process's handle."""
        return self._actor_ref

    @property
    def clock(self) -> Clock:
        """The runtime's clock."""
        return self._actor_ref.runtime.clock

    def monitor(self, ref: Ref) -> int:
        """Be told of the end of a process by one `Down`; returns the monitor's number."""
        number = ref.monitor(self._actor_ref)
        self._otp_watched[number] = ref
        return number

    def demonitor(self, ref: Ref, number: int) -> None:
        """Stop monitoring; a `Down` already in the inbox is dropped."""
        self._otp_watched.pop(number, None)
        ref.demonitor(number)

    def send_after(self, seconds: float, message: object) -> Timer:
        """Send this process a message after that many seconds; the timer can be cancelled."""
        ref = self._actor_ref
        return ref.runtime.timers.after(seconds, lambda: ref.put(message))

    def own(self, resource: Resource) -> Resource:
        """Have a resource closed when this process's thread ends, however it ends; return it.

        Erlang closes the ports of a process likewise: a process that is killed calls no `terminate`, and what Python
        collects it collects late.
        """
        self._otp_owned.append(resource)
        return resource

    def defer(self) -> Deferred:
        """Take over the answering of the call being handled, whose handler then returns `NO_REPLY`."""
        ref = self._actor_ref
        reply_to = ref.handling[1]
        if reply_to is not None:
            ref.deferred.add(reply_to)
        return Deferred(ref, reply_to)

    def forward(self, message: object, target: Ref) -> NoReply:
        """Hand the message being handled, and its caller, to another process; return the result."""
        reply_to = self._actor_ref.handling[1]
        self._actor_ref.handling = LAST  # no more ours to answer, not even if we die
        if not target.put(message, reply_to) and reply_to is not None:
            answer_error(reply_to, target.dead_error())
        return NO_REPLY

    def whereis(self, name: str) -> Ref | None:
        """Return the process of that name in this runtime."""
        return self._actor_ref.whereis(name)

    def cast_to(self, name: str, message: object) -> None:
        """Cast a message to the process of that name; where there is none now, nobody gets it."""
        process = self.whereis(name)
        if process is not None:
            process.cast(message)

    def wait_seconds(self, seconds: float) -> None:
        """Do nothing for that many real seconds; for `init` and `terminate`, where no message can be awaited."""
        threading.Event().wait(seconds)


_ORPHAN_SECONDS = 5.0  # what a child has to end in by default


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
    if ref.thread is not None:
        raise StartError(str(ref), "it was started before; a server lives once")
    if parent is not None and parent.reason is not None:
        raise StartError(str(ref), f"its parent {parent} is dead")
    ref.runtime = runtime or Runtime(type(server).__name__)
    ref.parent, ref.name = parent, name
    ref.started_at = ref.runtime.clock.monotonic()
    server._otp_owns_runtime = runtime is None
    remember(ref)
    if name is not None:
        _claim(name, ref)
    if parent is not None:
        ref.link(parent)
    if ref.runtime.trace is not None:
        ref.runtime.trace.busy(ref)
    try:
        server._start_actor_loop()
        ref.started.get(timeout=server.init_timeout)
    except BaseException as error:
        raise _start_failure(ref, error, server.init_timeout) from error
    return ref


def _claim(name: str, ref: Ref) -> None:
    """Register a name, once an orphan that still has it has ended.

    A process whose supervisor died has been told to end, but may take as long as its work takes; the restarted
    supervisor starts its successor at once. Erlang has the same clash of names, rarely, as its processes end faster.
    """
    names = ref.runtime.names
    holder: Ref | None = names.claim(name, ref)
    if holder is not None and holder.parent is not None and not holder.parent.is_alive():
        if not holder.join(_ORPHAN_SECONDS):
            holder.kill()
        holder = names.claim(name, ref)
    if holder is not None:
        raise NameTaken(str(ref), f"the name is taken by {holder!r}")


def _start_failure(ref: Ref, error: BaseException, init_timeout: float | None) -> BaseException:
    """Return what to raise in the starter; where `init` did not itself fail, it is given up."""
    if ref.reason is not None:
        return StartError(str(ref), repr(error))
    if ref.parent is not None:
        ref.unlink(ref.parent)
    ref.kill()
    if isinstance(error, pykka.Timeout):
        return StartError(str(ref), f"init took longer than {init_timeout} s")
    if isinstance(error, RuntimeError):  # Python 3.12+ starts no threads while the interpreter ends
        return StartError(str(ref), str(error))
    return error  # Ctrl-C in the starter
