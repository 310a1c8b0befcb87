"""Gives the jobs of dead nodes back to their queues; the poisonous ones go to the dead set.

In batches, so that Redis and the rescuer's own heartbeat have a moment between them.

Source: Verk lib/verk/node/manager.ex, cleanup_queues.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from verk_actors.errors import StoreError, StoreUnavailable, loggable
from verk_actors.events import Event, JobDead, JobMalformed
from verk_actors.store.burial import Burial, burial_of, poison_reason
from verk_actors.store.commands import Commands
from verk_actors.store.exchange import InProgress, Limits
from verk_actors.store.nodes import Nodes
from verk_actors.tree.node_log import NodeLog
from verk_actors.wire import bookkeeping
from verk_actors.wire.keys import Keys

log = NodeLog(__name__)


class Rescue:
    """Rescues one dead node after another.

    Args:
        between: called before each batch; no more is rescued once it answers False.
        clock: returns unix seconds.
        tell: told of the jobs that were buried.
    """

    def __init__(
        self,
        commands: Commands,
        keys: Keys,
        limits: Limits,
        between: Callable[[], bool],
        clock: Callable[[], float],
        *,
        tell: Callable[[Sequence[Event]], None] = lambda _: None,
    ) -> None:
        self._commands = commands
        self._keys = keys
        self._limits = limits
        self._nodes = Nodes(commands, keys)
        self._between = between
        self._clock = clock
        self._tell = tell
        self._reason = poison_reason(limits.max_recoveries)

    def rescue(self, node_id: str) -> None:
        """Give the jobs of a node back, as long as it is dead."""
        queues = self._nodes.queues(node_id)
        if not queues:
            self._nodes.deregister(node_id, None)
        for queue in queues:
            try:
                self._rescue_queue(node_id, queue)
            except StoreUnavailable:
                raise
            except StoreError as error:  # a key holds something else: the other queues must not wait for it
                log.error(
                    "%s: the jobs of dead node %s can't be rescued: %s", loggable(queue), loggable(node_id), error
                )

    def _rescue_queue(self, node_id: str, queue: str) -> None:
        moved = 0
        while self._between():
            rescued = self._nodes.rescue(node_id, queue, max_recoveries=self._limits.max_recoveries)
            moved += rescued.moved
            if rescued.poison:
                self._bury(node_id, queue, rescued.poison)
            if rescued.alive or not rescued.left:
                break
        if moved:
            log.warning("%s: %s jobs of dead node %s are back", loggable(queue), moved, loggable(node_id))

    def _bury(self, node_id: str, queue: str, payloads: list[bytes]) -> None:
        now = self._clock()
        burials = [burial_of(payload, queue, self._reason, now, self._keys) for payload in payloads]
        in_progress = InProgress(self._commands, self._keys, queue, node_id, self._limits)
        buried = in_progress.exchange("", [burial.settlement for burial in burials], 0, now)
        if buried.refusal is not None:
            raise buried.refusal
        log.error("%s: buried %s jobs %s", loggable(queue), buried.settled.count(True), self._reason)
        self._tell(
            [_event_of(burial, queue, now) for burial, done in zip(burials, buried.settled, strict=True) if done]
        )


def _event_of(burial: Burial, queue: str, now: float) -> Event:
    if burial.job is None:
        payload = burial.settlement.payload
        return JobMalformed(queue=queue, payload=payload, jid=burial.jid, reason=burial.reason)
    return JobDead(
        queue=queue,
        job=burial.job,
        died_at=now,
        reason="poisoned",
        error_class=bookkeeping.POISONED,
        error_message=burial.reason,
    )
