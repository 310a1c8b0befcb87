"""Owns the process of one node: passes its output on and signals down to it, and ends when it does.

Supervised by the Fleet, transient: a node that has ended unasked is started again, under the same id, by which it takes
back the jobs that it had. The process dies with this actor.
"""

from __future__ import annotations

import logging
import math
import signal

import attrs

from verk_actors.fleet.fleet_state import HARMLESS, STOPS, FleetState
from verk_actors.fleet.node_lines import NodeLines
from verk_actors.fleet.notices import Notices
from verk_actors.fleet.program import Program
from verk_actors.otp import NORMAL, Cast, ExitReason, IoServer, Stop, handles
from verk_actors.otp.port import in_words

log = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0  # between two looks for what nobody tells of: an end while another process holds the output
_HURRY_SECONDS = 3.0  # for a second stop, which takes a node one
_PROMPT_SECONDS = 0.2  # between two looks at the signals where no message can be awaited


@attrs.frozen
class NodeEnded(ExitReason):
    """The node has ended by itself: with this exit code or, below 0, by this signal."""

    code: int

    def __str__(self) -> str:
        return in_words(self.code)


class Obey(Cast):
    """There is a signal that the node was not sent yet."""


class NodeProcess(IoServer):
    """The keeper of one node."""

    def __init__(self, fleet: FleetState, node_id: str) -> None:
        super().__init__()
        self._fleet = fleet
        self._node_id = node_id
        self._obeyed = 0  # how many of the fleet's signals
        self._before = len(fleet.signals)  # those that came before this node
        self._stops = 0
        self._kill_at = math.inf  # monotonic
        self._is_readable = True

    def init(self) -> None:
        """Start the node."""
        self._notices = self.own(Notices()) if self._fleet.service_manager.path else None
        variables = None if self._notices is None else self._notices.variables
        self._program = self.own(Program(self._fleet.command(self._node_id), variables=variables))
        self._lines = NodeLines(self._node_id if self._fleet.names_lines else "", self._fleet.output)
        self._fleet.exit_codes.pop(self._node_id, None)  # of the one before
        log.info("node %s is process %s", self._node_id, self._program.pid)

    def terminate(self, reason: ExitReason) -> None:
        """Have the node drain, unless it was told to already, and wait for its end: the fleet gives up."""
        if not self._stops:
            self._stop()
        while self._node_id not in self._fleet.exit_codes:
            self._obey()
            self._pass_on(_PROMPT_SECONDS)
            self._look()

    @handles(Obey)
    def obey(self, _: Obey) -> None:
        """Send the node what it was not sent yet, once the inbox is empty."""

    def handle_idle(self) -> None:
        """Pass on what the node writes, until it ends."""
        while True:
            self._obey()
            if self.has_messages():
                return
            seconds = min(_LOOK_SECONDS, max(0.0, self._kill_at - self.clock.monotonic()))
            if not self._is_readable:  # the node has closed its output, or is about to end
                self._pass_on(seconds)
            elif self.wait_readable(self._program.fileno(), seconds):
                self._pass_on(0)
            self._heed()
            code = self._look()
            if code is not None:
                raise Stop(NORMAL if self._fleet.stops else NodeEnded(code))

    # -- down

    def _obey(self) -> None:
        for number in self._fleet.signals[self._obeyed :]:
            self._obeyed += 1
            if number in STOPS:
                self._stop()
            elif number != signal.SIGTTIN or self._obeyed > self._before:
                self._program.send(number)

    def _stop(self) -> None:
        self._stops += 1
        seconds = self._fleet.stop_seconds if self._stops == 1 else _HURRY_SECONDS
        self._kill_at = min(self._kill_at, self.clock.monotonic() + seconds)
        self._program.send(signal.SIGTERM)

    # -- up

    def _pass_on(self, seconds: float) -> None:
        """Pass a piece of the output on, if there is one within so many seconds."""
        if not self._is_readable:
            self._program.ended(seconds)
        elif self._program.has_output(seconds):
            data = self._program.read()
            self._lines.feed(data)
            self._is_readable = bool(data)

    def _heed(self) -> None:
        """Note that the node runs, when it has said so."""
        if self._notices is not None and self._notices.have(b"READY=1"):
            self._fleet.note_running(self._node_id)

    def _look(self) -> int | None:
        """Return how the node has ended, None if it has not; kill it if it takes too long."""
        if self.clock.monotonic() >= self._kill_at:
            self._kill_at = math.inf
            log.error("node %s did not stop in time, and is killed", self._node_id)
            self._program.send(signal.SIGKILL)
        code = self._program.ended()
        if code is not None:
            while self._is_readable and self._program.has_output(0):
                self._pass_on(0)
            self._lines.end()
            self._fleet.exit_codes[self._node_id] = code
            if self._stops and code not in HARMLESS:
                log.error("node %s %s in its stop", self._node_id, in_words(code))
        return code
