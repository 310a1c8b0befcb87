"""Fleets of small programs in place of nodes."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from support.eventually import eventually
from verk_actors.fleet.fleet import Fleet
from verk_actors.fleet.fleet_state import FleetState
from verk_actors.fleet.node_process import Obey
from verk_actors.otp import Ref

WAIT = 20.0  # seconds that only a test about to fail waits

PROGRAM = """
import os, signal, sys, time
def say(*words): os.write(1, (" ".join(map(str, words)) + "\\n").encode())
stops, ends_at = 0, 1
def hear(number, _):
    global stops
    say("got", signal.Signals(number).name)
    stops += number == signal.SIGTERM
    if stops == ends_at: os._exit(0)
for number in (signal.SIGTERM, signal.SIGTSTP):
    signal.signal(number, hear)
signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTSTP])
{first}
say("up", os.getpid())
while True: time.sleep(0.01)  # pause() may sleep over one that comes just before it
"""


class Output(io.BytesIO):
    """What nodes have written."""

    def lines(self) -> list[str]:
        """Return the lines so far."""
        return self.getvalue().decode().splitlines()

    def expect(self, line: str, count: int = 1) -> None:
        """Wait until there are so many such lines."""
        eventually(lambda: self.lines().count(line) >= count, f"{count} lines {line!r} in {self.lines()}")

    def pids(self, node_id: str) -> list[int]:
        """Return the processes that a node has been so far."""
        return [int(pid) for pid in re.findall(rf"^{node_id} \| up (\d+)$", self.getvalue().decode(), re.MULTILINE)]

    def expect_up(self, node_id: str, count: int = 1) -> int:
        """Wait until a node has come up for that many times; return its process."""
        return eventually(lambda: len(pids := self.pids(node_id)) >= count and pids[-1], f"{node_id} {count} times up")


class RunningFleet:
    """A fleet that runs.

    Attributes:
        ref: its supervisor.
        state, output: its own.
    """

    def __init__(self, state: FleetState, output: Output) -> None:
        self.state = state
        self.output = output
        self.ref: Ref = Fleet.start(state)

    def signal(self, number: int) -> None:
        """Have the nodes get a signal, as the main thread does."""
        self.state.signals.append(number)
        for row in self.ref.children:
            if row.ref is not None:
                row.ref.cast(Obey())

    def kill(self, node_id: str) -> None:
        """Kill a node's process."""
        os.kill(self.output.pids(node_id)[-1], 9)


@contextmanager
def running_fleet(*node_ids: str, first: str = "", **settings: Any) -> Iterator[RunningFleet]:
    """Run a fleet whose nodes do something first, say `up` and what they get, and end when they are told."""
    output = Output()
    fields = {"stop_seconds": WAIT, "max_restarts": 3, "restart_window_seconds": 3600.0} | settings
    command = [sys.executable, "-S", "-E", "-c", PROGRAM.replace("{first}", first)]
    state = FleetState(node_ids=node_ids, command=lambda node_id: [*command, node_id], output=output, **fields)
    fleet = RunningFleet(state, output)
    try:
        yield fleet
    finally:
        fleet.ref.stop(timeout=WAIT)
