"""A program of its own process: tied to this one, deaf to the terminal, its output in our hands."""

from __future__ import annotations

import os
import select
import signal
import subprocess
from collections.abc import Mapping, Sequence

_PIECE = 65_536  # bytes read at once


class Program:
    """A running program, whose standard input ends when this process does, however that ends.

    Its process group is its own, so that a Ctrl+C on the terminal reaches it by way of its owner alone. A SIGTSTP or
    SIGTTIN waits until the program says that it wants it; it would stand still where it has not got so far.

    Args:
        command: what to run.
        reads_output: whether its output is ours to read; else it goes where ours goes.
        variables: of its environment, beside those of this process.

    Raises:
        OSError: there is no such program, or no room for another process.
    """

    def __init__(
        self, command: Sequence[str], *, reads_output: bool = True, variables: Mapping[str, str] | None = None
    ) -> None:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTSTP, signal.SIGTTIN])
        try:
            self._process = subprocess.Popen(
                command,
                env=os.environ | (variables or {}),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE if reads_output else None,
                stderr=subprocess.STDOUT if reads_output else None,
                process_group=0,
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        self._output = -1 if self._process.stdout is None else self._process.stdout.fileno()
        self.pid = self._process.pid

    def fileno(self) -> int:
        """Return what is readable when there is output, or no more to come."""
        return self._output

    def has_output(self, seconds: float) -> bool:
        """Wait for output, or the end of it, so long."""
        return bool(select.select([self._output], [], [], seconds)[0])

    def read(self) -> bytes:
        """Return a piece of its output, waiting for it; nothing at the end of it."""
        return os.read(self._output, _PIECE)

    def send(self, number: int) -> None:
        """Send a signal; none if it has ended."""
        self._process.send_signal(number)

    def ended(self, seconds: float = 0.0) -> int | None:
        """Wait for its end so long, and return its exit code, or a signal's number below 0; None if it runs."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def close(self) -> None:
        """Kill it, if it still runs, and release what is held for it."""
        self._process.kill()
        with self._process:  # closes the pipes, and waits
            pass
