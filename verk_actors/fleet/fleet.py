"""Supervises the nodes of one machine: the root of a tree of actors, each of which owns a process.

One for one: a node that ends unasked is started again. Once all were told to stop and have ended, the fleet ends too;
beyond its restart intensity it stops those that run and gives up.

Source: supervisor(3), auto_shutdown; nothing of Verk, whose nodes have all cores.
"""

from __future__ import annotations

from functools import partial

from verk_actors.fleet.fleet_state import FleetState
from verk_actors.fleet.node_process import NodeEnded, NodeProcess
from verk_actors.otp import (
    INFINITY,
    AutoShutdown,
    ChildSpec,
    ExitReason,
    Ref,
    Restart,
    Shutdown,
    Stop,
    Supervisor,
)

CANNOT = 2
"""The exit code of a node that can't do what it is asked for: to start it again would be in vain."""


class Fleet(Supervisor):
    """The supervisor of the nodes."""

    auto_shutdown = AutoShutdown.ALL_SIGNIFICANT
    parallel_stop = True

    def __init__(self, state: FleetState) -> None:
        super().__init__(
            ChildSpec(
                id=node_id,
                start=partial(NodeProcess, state, node_id),
                name=node_id,
                restart=Restart.TRANSIENT,
                significant=True,
                shutdown=INFINITY,  # a NodeProcess kills what takes too long
            )
            for node_id in state.node_ids
        )
        self.actor_ref.label = "fleet"
        self.max_restarts = state.max_restarts
        self.max_seconds = state.restart_window_seconds

    def handle_exit(self, sender: Ref | None, reason: ExitReason) -> None:
        """Restart a node, unless it would end in the same way."""
        if isinstance(reason, NodeEnded) and reason.code == CANNOT:
            raise Stop(Shutdown(f"{sender} {reason}, which it would do again"))
        super().handle_exit(sender, reason)
