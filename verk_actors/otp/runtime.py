"""What the processes of one system share: clock, timers, names, and the list of the abandoned.

Erlang keeps these in the run-time system, of which there is one per operating system process; here each
root process has its own, so that several systems live in one interpreter.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

from verk_actors.otp.clock import Clock, SystemClock
from verk_actors.otp.names import Names
from verk_actors.otp.restart_report import RestartReport
from verk_actors.otp.timers import Timers
from verk_actors.otp.trace import Trace

_REPORTS = 200  # kept, the latest: a crash an hour for a week


class Runtime:
    """The run-time system of one tree of processes.

    Attributes:
        name: prefixes the threads' names.
        clock: the only clock that processes ask.
        timers: what `Server.send_after` uses.
        names: registered processes.
        trace: messages in flight; None unless asked for.
    """

    def __init__(self, name: str = "otp", *, clock: Clock | None = None, trace: Trace | None = None) -> None:
        self.name = name
        self.clock: Clock = clock or SystemClock()
        self.timers = Timers(self.clock, threaded=clock is None or isinstance(clock, SystemClock))
        self.names: Names[Any] = Names()
        self.trace = trace
        self._killed: dict[threading.Thread, str] = {}
        self._reports: deque[RestartReport] = deque(maxlen=_REPORTS)
        self._lock = threading.Lock()

    def abandon(self, thread: threading.Thread, process: str) -> None:
        """Remember the thread of a killed process until it ends."""
        with self._lock:
            self._killed[thread] = process

    def abandoned(self) -> list[str]:
        """Return the names of killed processes whose thread is still in user code."""
        with self._lock:
            self._killed = {thread: name for thread, name in self._killed.items() if thread.is_alive()}
            return sorted(self._killed.values())

    def report(self, report: RestartReport) -> None:
        """Keep what a supervisor did about a child that ended."""
        with self._lock:
            self._reports.append(report)

    def reports(self) -> tuple[RestartReport, ...]:
        """Return the latest of these, the newest last."""
        with self._lock:
            return tuple(self._reports)

    def close(self) -> None:
        """End the timers; the root process does it at its end."""
        self.timers.close()
