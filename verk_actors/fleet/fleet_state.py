"""What must outlive the actors of a fleet: what it was told, and how its nodes have ended."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from typing import BinaryIO

import attrs

from verk_actors.daemon.service_manager import ServiceManager

STOPS = (signal.SIGTERM, signal.SIGINT)
"""What ends a fleet."""

HARMLESS = (0, -signal.SIGTERM)
"""Exit codes of nodes that have stopped in order; the latter of one that had not got as far as to have jobs."""


@attrs.define(kw_only=True)
class FleetState:
    """Written by one thread each, read by all.

    Attributes:
        node_ids: one for each node; one that is started again gets its own again, and with it its jobs.
        command: returns the command of the node with an id.
        output: where the lines of all nodes go.
        names_lines: whether each line of a node begins with its id; else the lines say it themselves.
        stop_seconds: how long a node may take to end once it was told to.
        max_restarts, restart_window_seconds: the restart intensity.
        service_manager: is told once all nodes run, if there is one.
        signals: those that came so far, in order; each node is sent all of them.
        exit_codes: of nodes that have ended, by id; a signal's number below 0 where one has ended it.
        running: the nodes that have said that they run.
    """

    node_ids: Sequence[str]
    command: Callable[[str], Sequence[str]]
    output: BinaryIO
    names_lines: bool = True
    stop_seconds: float
    max_restarts: int
    restart_window_seconds: float
    service_manager: ServiceManager = attrs.field(factory=ServiceManager)
    signals: list[int] = attrs.field(factory=list)
    exit_codes: dict[str, int] = attrs.field(factory=dict)
    running: set[str] = attrs.field(factory=set)

    @property
    def stops(self) -> list[int]:
        """The signals that are to end the fleet: the first lets jobs end, the second stops now."""
        return [number for number in self.signals if number in STOPS]

    def note_running(self, node_id: str) -> None:
        """Note that a node runs; the last one makes the fleet ready."""
        if node_id not in self.running:
            self.running.add(node_id)
            if len(self.running) == len(self.node_ids) and not self.stops:
                self.service_manager.ready(f"{len(self.node_ids)} nodes run")
