"""The program's side of a port: it dies with its owner, and leaves signals from the terminal to that."""

from __future__ import annotations

import faulthandler
import os
import signal
import socket
from collections.abc import Callable

from verk_actors.otp import leash
from verk_actors.otp.fork import leave_in_parent
from verk_actors.otp.packets import Packets
from verk_actors.otp.stack_pipe import SHOW_STACK

# What an orchestrator, or systemd, sends to all processes of a service at once. The owner decides.
_OWNERS_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def connected(connection: int, pipe: int, frames: int) -> Packets:
    """Make this process the program of a port; for its main thread, before anything else.

    Args:
        connection: the socket of the packets.
        pipe: its end is the owner's.
        frames: where it is written, when the owner asks, what this process is at.
    """
    leash.tie(pipe)
    faulthandler.register(SHOW_STACK, frames, all_threads=False)  # also amid a computation outside of Python
    packets = Packets(socket.socket(fileno=connection))
    # A handler and not SIG_IGN, which a program started from here would inherit.
    before = {number: signal.signal(number, lambda *_: None) for number in _OWNERS_SIGNALS}
    handled = (*before, SHOW_STACK)
    leave_in_parent()

    def become_child() -> None:
        faulthandler.unregister(SHOW_STACK)
        packets.close()  # else our end would not be seen while the child lives
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, handled)

    os.register_at_fork(
        before=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, handled),  # what comes for the child is not lost
        after_in_parent=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, handled),
        after_in_child=become_child,
    )
    return packets


def when_asked(act: Callable[[], object]) -> None:
    """Have something done when the owner asks (`Port.ask`), in the main thread, amid what that is at."""
    signal.signal(signal.SIGUSR2, lambda *_: act())
    os.register_at_fork(after_in_child=lambda: signal.signal(signal.SIGUSR2, signal.SIG_DFL))
