"""A program for ports: does what a packet says, and answers; an unknown word comes back."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from verk_actors.otp.board import Board
from verk_actors.otp.port_program import connected


def gone(pid: int) -> Callable[[], bool]:
    """Return what tells whether a process is gone, or dead and not waited for."""

    def look() -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].startswith("Z")
        except (FileNotFoundError, ProcessLookupError):  # the latter where it ends between opening and reading
            return True

    return look


def main(connection: int, pipe: int, frames: int, board: int) -> None:
    """Do one thing after another until the owner closes the port."""
    packets, here = connected(connection, pipe, frames), Board(board)
    DEEDS[b"put_up"] = lambda notice: here.put_up(notice) or b""  # type: ignore[func-returns-value]
    while True:
        try:
            packet = packets.receive()
        except EOFError:
            return
        word, _, argument = packet.partition(b" ")
        packets.send(DEEDS[word](argument) if word in DEEDS else packet)


def spin(_: bytes) -> bytes:
    """Compute for ever."""
    while True:
        pass


def sink(_: bytes) -> bytes:
    """Be outside of Python for ever, with the interpreter's lock."""
    while True:
        ctypes.PyDLL(None).sleep(1000)


def leave(code: bytes) -> bytes:
    """End at once."""
    os._exit(int(code))


def strike(number: bytes) -> bytes:
    """Get a signal."""
    os.kill(os.getpid(), int(number))
    return b"still here"


def start(_: bytes) -> bytes:
    """Start another program, and answer its pid."""
    sleeper = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    sleeper.returncode = 0  # nobody waits for it
    return b"%d" % sleeper.pid


def fork(_: bytes) -> bytes:
    """Fork a process that stays, and answer its pid."""
    return b"%d" % (os.fork() or _stay())


def fork_unseen(code: bytes) -> bytes:
    """Fork as a library in C does, past the interpreter; the fork keeps our end of the port, and we end."""
    if ctypes.PyDLL(None).fork() == 0:
        _stay()
    os._exit(int(code))


def ended_by(number: bytes) -> bytes:
    """Send a forked process a signal, and answer how that has ended it."""
    pid = os.fork() or _stay()
    os.kill(pid, int(number))
    return b"%d" % os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _stay() -> int:
    signal.pause()
    os._exit(0)


DEEDS: dict[bytes, Callable[[bytes], bytes]] = {
    b"spin": spin,
    b"sink": sink,
    b"leave": leave,
    b"strike": strike,
    b"start": start,
    b"fork": fork,
    b"fork_unseen": fork_unseen,
    b"ended_by": ended_by,
    b"argv": lambda _: repr(sys.argv).encode(),
}
