"""What a fork leaves to the child: no process of ours, and nobody who waits for one.

A fork takes one thread along, the one that forked. So in the child all servers are dead: a call to them fails at
once, where it would wait for ever for a thread that is not there. Nothing is asked for that when a message is sent.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import NoReturn
from weakref import WeakSet

from verk_actors.otp.envelope import LAST
from verk_actors.otp.exit_reason import Crashed, ExitReason, LeftInParent
from verk_actors.otp.ref import Ref, current

_started: WeakSet[Ref] = WeakSet()
_home: int | None = None


def remember(ref: Ref) -> None:
    """Have a process that starts be dead in children forked from now on."""
    _started.add(ref)


def leave_in_parent() -> None:
    """Have the caller's work be left in this process too, as a server's is, though it runs in no server."""
    global _home  # noqa: PLW0603  it is a fact of the process
    _home = os.getpid()


def is_left_in_parent() -> bool:
    """Whether the caller runs in a child that its code forked: what runs it is in the parent."""
    me = current()
    return (me is not None and isinstance(me.reason, LeftInParent)) or (_home is not None and _home != os.getpid())


def end_child(reason: ExitReason) -> NoReturn:
    """End a process that a server forked, when what the server ran there has come back."""
    sys.stdout.flush()
    error = reason.error if isinstance(reason, Crashed) else None
    if isinstance(error, SystemExit):
        os._exit(error.code if isinstance(error.code, int) else bool(error.code))
    os._exit(0 if error is None else 1)


def _leave_all_in_parent() -> None:
    reason = LeftInParent(os.getppid())
    for ref in tuple(_started):
        # Other threads may have held these locks when the fork came, and are not here to give them back.
        ref._lock = threading.Lock()
        ref.actor_stopped, ref._ended = threading.Event(), threading.Event()
        ref.actor_stopped.set()
        ref._ended.set()
        ref.reason = ref.reason or reason
        for port in ref.ports:
            port.leave()
    me = current()
    if me is not None:
        me.reason = reason  # though it may have been killed before
        me.actor_inbox.put(LAST)  # it handles no further message, and ends


os.register_at_fork(after_in_child=_leave_all_in_parent)
