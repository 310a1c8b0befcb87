"""A Python program in an operating-system process of its own, which a process of ours owns: an Erlang port.

Packets go both ways over a socket. The program has a process group of its own, so that a Ctrl+C on the terminal is not
for it, and so that what it has started ends with it. Its side is `port_program`.

Source: erlang:open_port/2 with {packet, 4} and exit_status.
"""

from __future__ import annotations

import contextlib
import math
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

from verk_actors.otp.board import Board
from verk_actors.otp.clock import SystemClock
from verk_actors.otp.errors import PortClosed
from verk_actors.otp.packets import Packets
from verk_actors.otp.ref import Ref
from verk_actors.otp.stack_pipe import SHOW_STACK, StackPipe

_LOOK_SECONDS = 1.0  # between two looks for an exit that the socket doesn't tell of, since a grandchild holds it
_EXIT_SECONDS = 1.0  # for a program that has closed its socket, before it is killed
_STACK_SECONDS = 0.3  # for a program to say where it is, on a busy machine
_MAIN = "import sys; sys.path[:] = sys.argv[6:]; from {module} import main; main(*map(int, sys.argv[2:6]))"


class Port:
    """A running program. It is killed when its owner ends, and ends with this interpreter, whatever ends that.

    `kill`, `ask`, `stack` and `notice` may be called from any thread, all else from the owner's.

    Args:
        owner: the process that it belongs to.
        module: has a `main(socket, leash, frames, board)`, which hands the first three to `port_program.connected`; the
            last is the descriptor of a `Board`. It runs in a fresh interpreter, with the options and the `sys.path` of
            this one.

    Raises:
        OSError: there is no room for another process.
    """

    def __init__(self, owner: Ref, module: str) -> None:
        self._owner = owner
        self._lock = threading.Lock()  # guards _killed, _closed and _user
        self._killed = self._closed = False
        self._user: object = None
        with contextlib.ExitStack() as kept, contextlib.ExitStack() as given:
            ours, theirs = socket.socketpair()
            kept.enter_context(ours)
            given.enter_context(theirs)
            leash, leash_end = os.pipe()
            kept.callback(os.close, leash_end)
            given.callback(os.close, leash)
            self._frames = kept.enter_context(StackPipe())
            self._board = Board.new()
            kept.callback(self._board.close)
            passed = (theirs.fileno(), leash, given.enter_context(self._frames.writable()), self._board.file)
            self._process = subprocess.Popen(
                _command(module, str(owner), passed), stdin=subprocess.DEVNULL, pass_fds=passed, process_group=0
            )
            self._kept = kept.pop_all()
        self._connection = ours
        # A wait in `recv` costs half of one in `poll` and then `recv`.
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", int(_LOOK_SECONDS), 0))
        self._packets = Packets(ours)
        self._poll = select.poll()
        self._poll.register(ours, select.POLLIN)
        owner.ports.add(self)
        if owner.reason is not None:  # it was killed meanwhile, and its killer did not see this
            self.kill()

    @property
    def pid(self) -> int:
        """The program's number in the operating system."""
        return self._process.pid

    def use(self, user: object) -> bool:
        """Have the program work for `user` from now on, and be killed for that alone; False where it was killed."""
        with self._lock:
            self._user = user
            if not self._closed:
                self._board.clear()
            return not self._killed

    def kill(self, user: object = None) -> None:
        """Kill the program and what it has started; where a user is given, only while it works for that."""
        with self._lock:
            if not self._closed and (user is None or user is self._user):
                self._killed = True
                self._signal()

    def ask(self, user: object) -> None:
        """Have the program be told that it should soon end what it does for `user` (`port_program.when_asked`)."""
        with self._lock:
            if not (self._closed or self._killed) and user is self._user:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self._process.pid, signal.SIGUSR2)

    def stack(self, user: object) -> tuple[str, ...]:
        """Return where the program is at its work for `user`, the innermost frame first; none where it does not tell.

        Only once it has said that it is ready. Waits for 0.3 s at most.
        """
        with self._frames.asking() as frames:
            with self._lock:
                if self._closed or self._killed or user is not self._user:
                    return ()
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self._process.pid, SHOW_STACK)
            return frames.read(_STACK_SECONDS)

    def notice(self, user: object) -> bytes:
        """Return what the program has put up on its board at its work for `user`; nothing where there is none."""
        with self._lock:
            return b"" if self._closed or user is not self._user else self._board.read()

    def send(self, *parts: bytes) -> None:
        """Send one packet, made of these parts.

        Raises:
            PortClosed: the program has ended, and has not got it.
        """
        try:
            self._packets.send(*parts)
        except OSError:
            raise self._closed_error() from None

    def receive(self, seconds: float = math.inf) -> bytes | None:
        """Wait for a packet and return it; None where there is none after that many seconds.

        Raises:
            PortClosed: the program has ended.
        """
        until = SystemClock.monotonic() + seconds
        while seconds >= _LOOK_SECONDS or self._poll.poll(max(seconds, 0.0) * 1000):
            try:
                return self._packets.receive()
            except BlockingIOError:  # nothing for so long
                if self._process.poll() is not None:
                    raise self._closed_error() from None
                seconds = until - SystemClock.monotonic()
            except (EOFError, OSError):
                raise self._closed_error() from None
        return None

    def close(self, seconds: float = 0.0) -> str:
        """Tell the program to end, and kill it if it has not after that many seconds; returns how it ended."""
        with self._lock:
            first, self._closed = not self._closed, True
        if first:
            with contextlib.suppress(OSError):
                self._connection.shutdown(socket.SHUT_WR)
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                self._signal()
                self._process.wait()
            self._signal()  # what it has left
            self._kept.close()
            self._owner.ports.discard(self)
        return in_words(self._process.wait())  # another thread may be at it

    def leave(self) -> None:
        """In a process that was forked from this one: give up what would keep the program from seeing our end."""
        self._kept.close()

    def _closed_error(self) -> PortClosed:
        return PortClosed(str(self._owner), self.close(_EXIT_SECONDS))

    def _signal(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # the latter of a zombie, on macOS
            os.killpg(self._process.pid, signal.SIGKILL)


def interpreter() -> list[str]:
    """Return the beginning of a command of this interpreter, with its options."""
    options = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]  # as multiprocessing does
    return [sys.executable, *options]


def _command(module: str, label: str, passed: tuple[int, ...]) -> list[str]:
    here = str(Path.cwd())
    path = [str(entry) or here for entry in sys.path]
    return [*interpreter(), "-c", _MAIN.format(module=module), label, *map(str, passed), *path]


def in_words(status: int) -> str:
    """Return how a program has ended, by its exit code or, below 0, its signal."""
    if status >= 0:
        return f"exited with {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:  # of real time
        return f"killed by signal {-status}"
