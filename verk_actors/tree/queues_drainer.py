"""On a stop, pauses all queues and waits for running jobs, up to the shutdown timeout.

Supervised by the ActorSystem as its last child, so it is stopped first, while everything else still works.

Source: Verk lib/verk/queues_drainer.ex. Differs: queues that are paused but still draining are waited for, and one
deadline holds for all. What the stop does afterwards, over Redis, has its time too.
"""

from __future__ import annotations

from verk_actors.otp import ActorDeadError, ExitReason, Future, Server, Timeout
from verk_actors.tree import names
from verk_actors.tree.messages import Drain
from verk_actors.tree.node_log import NodeLog
from verk_actors.tree.node_state import NodeState

log = NodeLog(__name__)

_SUCCESSOR_SECONDS = 0.05  # between two looks for a restarted WorkersManager
_LAST_WORDS_SECONDS = 4.0  # to give back what is left: milliseconds, unless Redis hangs; supervisors kill after 5


class QueuesDrainer(Server):
    """Does nothing until it is stopped."""

    trap_exit = True

    def __init__(self, node: NodeState) -> None:
        super().__init__()
        self._node = node

    def terminate(self, reason: ExitReason) -> None:
        """Drain the queues, if this is an orderly stop of the node."""
        if reason.graceful and self._node.stopping:
            self._drain()
            self.actor_ref.runtime.timers.after(_LAST_WORDS_SECONDS, self._cut)

    def _cut(self) -> None:
        """End all connections if the stop still goes on; actors that are at work meet an outage, which is none."""
        node, system = self._node, self.actor_ref.parent
        if system is not None and system.is_alive():
            log.warning("the stop takes over %s s after its last job: connections to Redis end", _LAST_WORDS_SECONDS)
        for server in tuple(node.servers.values()):
            server.trouble.is_told = False
        node.lifeline.cut()

    def _drain(self) -> None:
        deadline = self.clock.monotonic() + self._node.config.shutdown_timeout_seconds
        draining = {queue: self._ask(queue) for queue in tuple(self._node.queues)}
        for queue, answer in draining.items():
            while queue in self._node.queues and not self._drained(answer, deadline):
                if self.clock.monotonic() >= deadline:
                    log.warning("%s: jobs still run at the end of the shutdown timeout; they go back", queue)
                    break
                self.wait_seconds(_SUCCESSOR_SECONDS)
                answer = self._ask(queue)  # noqa: PLW2901  its WorkersManager died, or has not been restarted yet

    def _ask(self, queue: str) -> Future[None] | None:
        workers_manager = self.whereis(names.workers_manager(queue))
        return None if workers_manager is None else workers_manager.ask(Drain(), block=False)

    def _drained(self, answer: Future[None] | None, deadline: float) -> bool:
        if answer is None:
            return False
        try:
            answer.get(timeout=max(0.0, deadline - self.clock.monotonic()))
        except (ActorDeadError, Timeout):
            return False
        return True
