"""Goes on with batches: enqueues their callbacks, each once, and the jobs of their next step.

Supervised by the ActorSystem, permanent; one more for each further Redis, under OtherServers. Every node does this, and
what one has done the others find done. QueueManagers tell it of members that have ended. Each of those marks its batch
in the step that settles it, so what was not told, as by a node that died, is found at a look, every 15 s.

No counterpart in Verk. Source: exq_batch, whose batches stick where a member is deleted.
"""

from __future__ import annotations

import attrs

from verk_actors.errors import StoreError
from verk_actors.events import BatchCompleted, BatchEvent, BatchProgressed, BatchSucceeded
from verk_actors.otp import Cast, Server, handles
from verk_actors.store.batch_progress import Advanced, BatchProgress
from verk_actors.store.connection import Connection
from verk_actors.store.refusals import trouble_of
from verk_actors.tree import names
from verk_actors.tree.messages import MembersEnded, Publish, Tick
from verk_actors.tree.node_log import NodeLog
from verk_actors.tree.node_state import NodeState, RedisServer
from verk_actors.tree.outage import Outage

log = NodeLog(__name__)

LOOK_SECONDS = 15.0
_MOST = 100  # batches in one look, so that a stop can get in
_PROGRESS_SECONDS = 1.0


@attrs.frozen
class GoOn(Cast):
    """BatchManager to itself: see to the batches that it was told of."""


class BatchManager(Server):
    """Sees to the batches of one Redis."""

    def __init__(self, node: NodeState, server: RedisServer) -> None:
        super().__init__()
        self._node = node
        connection = Connection(server.url, name=node.connection_name("batches"), lifeline=node.lifeline)
        self._connection = self.own(connection)
        self._batches = BatchProgress(self._connection, node.keys)
        self._outage = Outage(server.named("batches"), server.trouble)
        self._refusals = Outage(server.named("batches, going on"), server.trouble)
        self._told: dict[str, None] = {}
        self._is_going = False  # a GoOn is on its way
        self._is_away = False  # Redis is, until the next Tick
        self._progressed_at: dict[str, float] = {}  # when listeners were told of a batch last, monotonic

    def init(self) -> None:
        """Look at once: members may have ended while no node ran."""
        self.actor_ref.cast(Tick())

    @handles(MembersEnded)
    def members_ended(self, message: MembersEnded) -> None:
        """Go on with these batches, once for all that has come to the inbox by then: many members end together."""
        self._told |= dict.fromkeys(message.bids)
        if not self._is_going and not self._is_away:
            self._is_going = True
            self.actor_ref.cast(GoOn())

    @handles(GoOn)
    def go_on(self, _: GoOn) -> None:
        """See to the batches that were told of; where Redis is away, the next look does."""
        self._is_going = False
        try:
            self._see_to_told()
        except StoreError as error:
            log.debug("batches are seen to later: %s", error)

    @handles(Tick)
    def look(self, _: Tick) -> None:
        """See to all that are due."""
        now = self.clock.monotonic()
        self._progressed_at = {bid: at for bid, at in self._progressed_at.items() if now - at < _PROGRESS_SECONDS}
        try:
            self._connection.check()
            due = self._batches.due(self.clock.time(), _MOST)
            self._told |= dict.fromkeys(due)
            self._see_to_told()
        except StoreError as error:
            self._is_away = True
            self.send_after(self._outage.goes_on(error, now), Tick())
            return
        self._is_away = False
        self._outage.over(now)
        if len(due) < _MOST:
            self.send_after(LOOK_SECONDS, Tick())
        else:
            self.actor_ref.cast(Tick())

    def _see_to_told(self) -> None:
        """Go on with each batch that is known to be due, and with those that wait for it.

        Raises:
            StoreError: Redis is away; what is left is known still.
        """
        while self._told:
            bid = next(iter(self._told))
            try:
                advanced = self._batches.advance(bid, self.clock.time())
            except StoreError as error:
                if trouble_of(error) != "refused":
                    raise
                self._refusals.goes_on(error, self.clock.monotonic())
                self._batches.later(bid, self.clock.time())
                advanced = None
            self._told.pop(bid, None)
            if advanced is not None:
                self._told |= dict.fromkeys(advanced.others)
                self._publish(advanced)

    def _publish(self, advanced: Advanced) -> None:
        status, now = advanced.status, self.clock.monotonic()
        if status is None:
            return
        events: list[BatchEvent] = []
        if advanced.completed or advanced.succeeded:
            events += [BatchCompleted(batch=status)] if advanced.completed else []
            events += [BatchSucceeded(batch=status)] if advanced.succeeded else []
        elif now - self._progressed_at.get(status.bid, -_PROGRESS_SECONDS) >= _PROGRESS_SECONDS:
            self._progressed_at[status.bid] = now
            events.append(BatchProgressed(batch=status))
        wanted = [event for event in events if self._node.is_wanted(type(event))]
        if wanted:
            self.cast_to(names.EVENT_PRODUCER, Publish(wanted))
