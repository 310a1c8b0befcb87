"""On a stop, pauses all queues and waits for running jobs, up to the shutdown timeout.

Supervised by the ActorSystem as its last child, so it is stopped first, while everything else still works.

Source: Verk lib/verk/queues_drainer.ex. Differs: queues that are paused but still draining are waited for, and one
deadline holds for all.
"""

from __future__ import annotations

import logging

from verk_actors.messages import Drain
from verk_actors.otp import ActorDeadError, ExitReason, Server, Timeout
from verk_actors.tree import names
from verk_actors.tree.node_state import NodeState

log = logging.getLogger(__name__)


class QueuesDrainer(Server):
    """Does nothing until it is stopped."""

    trap_exit = True

    def __init__(self, node: NodeState) -> None:
        super().__init__()
        self._node = node

    def terminate(self, reason: ExitReason) -> None:
        """Drain the queues, if this is an orderly stop of the node."""
        if not reason.graceful or not self._node.stopping:
            return
        managers = {queue: self.whereis(names.workers_manager(queue)) for queue in self._node.queues}
        drained = {queue: ref.ask(Drain(), block=False) for queue, ref in managers.items() if ref is not None}
        deadline = self.clock.monotonic() + self._node.config.shutdown_timeout_seconds
        for queue, future in drained.items():
            try:
                future.get(timeout=max(0.0, deadline - self.clock.monotonic()))
            except Timeout:
                log.warning("%s: jobs still run at the end of the shutdown timeout; they go back", queue)
            except ActorDeadError:
                log.warning("%s: its WorkersManager died while it was drained", queue)
