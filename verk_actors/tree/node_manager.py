"""Holds this node's lease in one Redis, and rescues the jobs of nodes that lost theirs.

Supervised by the ActorSystem, permanent; one more for each further Redis, under OtherServers. Has its own connection,
so that neither a slow command of another actor nor a busy queue delays a heartbeat (docs/decisions/0004). While this
actor is dead the lease lasts for two heartbeats; its successor goes on with the same token. Between heartbeats it waits
for questions such as `verk tree`'s.

Source: Verk lib/verk/node/manager.ex. Differs: docs/decisions/0004.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from verk_actors.errors import NodeIdInUse, StoreError, loggable
from verk_actors.events import Event, LeaseLost, RedisDataLost
from verk_actors.otp import ExitReason, IoServer, Timer, handles
from verk_actors.store.connection import Connection
from verk_actors.store.nodes import Nodes
from verk_actors.store.orphans import Orphans
from verk_actors.store.requests import HEARTBEAT_NOW, LOOK_AT_CRON, Requests
from verk_actors.store.server_facts import concerns_about
from verk_actors.tree import names, token
from verk_actors.tree.messages import LeaseRenewed, Pause, Publish, Resume, Tick
from verk_actors.tree.node_log import NodeLog
from verk_actors.tree.node_state import NodeState, RedisServer
from verk_actors.tree.outage import Outage
from verk_actors.tree.questions import Questions
from verk_actors.tree.redis_wait import REPLY_MARGIN_SECONDS, RedisWait
from verk_actors.tree.rescue import Rescue

log = NodeLog(__name__)

_SHORTEST_WAIT_SECONDS = 0.01
_LOOK_AGAIN_SECONDS = 0.2  # at a lease that another holds, while waiting for its end


class NodeManager(IoServer):
    """The node's heart, and the rescuer of others."""

    init_timeout = None  # it may have to wait for the end of a lease

    def __init__(self, node: NodeState, server: RedisServer) -> None:
        super().__init__()
        config = node.config
        self._node = node
        self._server = server
        self._lease = server.lease
        self._id = config.node_id
        self._block_seconds = config.heartbeat_seconds
        self._connection = Connection(
            server.url,
            name=node.connection_name("node"),
            socket_timeout_seconds=self._block_seconds + REPLY_MARGIN_SECONDS,
            lifeline=node.lifeline,
        )
        self._nodes = Nodes(self._connection, node.keys)
        self._orphans = Orphans(self._connection, node.keys)
        self._requests = Requests(self._connection, node.keys)
        self._questions = Questions(node, server)
        self._wait = RedisWait(self, self._connection, node, server)
        self._outage = Outage(server.named("node"), server.trouble)
        self._questions_outage = Outage(server.named("node, waiting for questions"), server.trouble)
        self._timer: Timer | None = None
        self._next_at = 0.0  # the next heartbeat, monotonic
        self._lease.held_since = None  # as this process knows of it

    def init(self) -> None:
        """Take the lease; without Redis, later. Raises `NodeIdInUse` where another live process has it."""
        self._rescue = Rescue(
            self._connection,
            self._node.keys,
            self._node.limits,
            self._renewed_in_time,
            self.clock.time,
            tell=self._publish,
        )
        self._beat()

    def terminate(self, reason: ExitReason) -> None:
        """Give the lease back on an orderly stop: what is left in progress may be rescued at once."""
        if reason.graceful and self._node.stopping and self._lease.held:
            try:
                left = self._nodes.deregister(self._id, self._lease.token)
                self._lease.held = False
                if left > 0:
                    log.warning("%s jobs stay in progress for other nodes to rescue", left)
            except StoreError as error:
                log.warning("the lease was not given back and will run out: %s", error)
        self._connection.close()

    @handles(Tick)
    def tick(self, _: Tick) -> None:
        """Renew the lease and look after the others."""
        self._beat()

    def handle_idle(self) -> None:
        """Wait for questions until the next heartbeat."""
        questions = self._node.keys.requests(self._id)
        while self._lease.held and not self.has_messages():
            seconds = self._next_at - self.clock.monotonic()
            if seconds < _SHORTEST_WAIT_SECONDS:
                return
            try:
                if self._wait.ends_with_something(questions, min(seconds, self._block_seconds)):
                    self._answer()
            except StoreError as error:  # none is answered until the next heartbeat
                self._questions_outage.goes_on(error, self.clock.monotonic())
                return
            self._questions_outage.over(self.clock.monotonic())

    # -- the lease

    def _beat(self) -> None:
        self._lease.beat_at = self.clock.monotonic()
        try:
            if not self._lease.taken:
                self._enter()
            while not self._renew() and not self._lease.taken:
                self._enter()  # two processes came at once, and the other was first
            seconds = self._look_after_others()
            self._outage.over(self.clock.monotonic())
        except StoreError as error:
            now = self._lease.failed_at = self.clock.monotonic()
            # No longer than a heartbeat: when Redis is back, the lease is too before others take this node for dead.
            pause = self._outage.goes_on(error, now)
            seconds = min(pause, self._node.config.heartbeat_seconds)
        if self._timer is not None:
            self._timer.cancel()
        self._next_at = self.clock.monotonic() + seconds
        self._timer = self.send_after(seconds, Tick())

    def _enter(self) -> None:
        """Before the first heartbeat of this process: see who has the id, and take back what it left."""
        self._wait_for_id()
        self._rescue.rescue(self._id)

    def _wait_for_id(self) -> None:
        """Return when nobody holds this node's id; at once where the holder is provably dead."""
        end = 0.0
        while (holder := self._nodes.holder(self._id)) is not None and holder != self._lease.token:
            if token.is_dead(holder):
                log.info("%s had node id %s and is dead", token.shown(holder), self._id)
                self._nodes.deregister(self._id, holder)
                return
            asked_at = self.clock.monotonic()
            left = self._nodes.lease_seconds(self._id) or 0.0
            if left == math.inf:  # a lease that nobody of ours wrote, and that never ends
                raise NodeIdInUse(self._id, token.shown(holder))
            if not end:
                log.warning("%s may hold node id %s: waiting %.1f s", token.shown(holder), self._id, left)
                end = self.clock.monotonic() + left + _LOOK_AGAIN_SECONDS / 2
            elif asked_at + left > end:  # it renews its lease, however long the answer took: it lives
                raise NodeIdInUse(self._id, token.shown(holder))
            self.wait_seconds(_LOOK_AGAIN_SECONDS)

    def _renew(self) -> bool:
        """Keep the lease, or take it; False where another process has it."""
        lease, config, sent_at = self._lease, self._node.config, self.clock.monotonic()
        lease.beat_at = sent_at
        queues = [queue for queue, row in tuple(self._node.queues.items()) if row.server is self._server]
        beat = self._nodes.heartbeat(
            self._id, lease.token, round(config.lease_seconds * 1000), queues, fresh=lease.next_token
        )
        if beat.status == "CONFLICT":
            if lease.held:
                log.error("node id %s was taken by %s; fetching stops", self._id, token.shown(beat.holder))
            lease.held, lease.held_since = False, None
            return False
        if beat.status == "NEW":
            if lease.taken:
                self._tell_of_lapse()
            lease.renew(beat.holder)
            lease.held_since = None
        is_new = lease.held_since is None
        if is_new:
            lease.held_since = self.clock.monotonic()
        lease.renewed_at, lease.ends_at = sent_at, sent_at + config.lease_seconds
        self._server.paused = beat.paused
        for queue in queues:
            self._see_to_pause(queue)
        lease.held = lease.taken = True
        for queue in queues:
            self.cast_to(names.queue_manager(queue), LeaseRenewed())
        if is_new:
            for concern in concerns_about(self._connection):
                log.warning("%s: %s", self._server.url, concern)
        return True

    def _see_to_pause(self, queue: str) -> None:
        """Have a queue paused or resumed if it is not as it should be, whoever has missed which message."""
        row, workers_manager = self._node.queues.get(queue), self.whereis(names.workers_manager(queue))
        if row is None or workers_manager is None:
            return  # the one to come will look itself
        is_paused = row.status != "running"
        if is_paused != self._node.is_paused(queue):
            workers_manager.cast(Resume() if is_paused else Pause())

    def _tell_of_lapse(self) -> None:
        """Say why the lease had to be taken anew: it ran out, or was gone before its time."""
        where = {"node_id": self._id, "redis": str(self._server.url)}
        if self.clock.monotonic() < self._lease.ends_at:
            log.error("node %s: its lease in %s was gone before its time: data is lost there", *where.values())
            self._publish([RedisDataLost(**where)])
        else:
            log.warning("node %s: its lease in %s had run out: others may have its jobs", *where.values())
            self._publish([LeaseLost(**where)])

    def _publish(self, events: Sequence[Event]) -> None:
        self.cast_to(names.EVENT_PRODUCER, Publish(events))

    # -- others

    def _look_after_others(self) -> float:
        """Rescue what dead nodes have left; returns the seconds to the next look.

        Only after a whole lease without a break and without an outage.
        """
        config = self._node.config
        soonest = config.heartbeat_seconds
        if self._lease.held_since is None:
            return soonest
        for orphan in self._orphans.step():
            log.warning("%s: its node was on no list, and is again, to be rescued", loggable(orphan))
        stable = self._lease.is_steady(self.clock.monotonic(), config.lease_seconds)
        for node_id, left in self._nodes.leases().items():
            if node_id == self._id:
                continue
            if left is not None:
                soonest = min(soonest, left + _LOOK_AGAIN_SECONDS)
            elif stable:
                self._rescue.rescue(node_id)
        return soonest

    def _renewed_in_time(self) -> bool:
        """Renew the own lease if it is time to, in the midst of a long rescue; False if it is lost."""
        lease = self._lease
        if lease.held and self.clock.monotonic() - lease.renewed_at >= self._node.config.heartbeat_seconds:
            return self._renew()
        return lease.held or not lease.taken  # before the first heartbeat it takes back its own

    # -- questions

    def _answer(self) -> None:
        request = self._requests.take(self._id)
        root = self.whereis(names.ACTOR_SYSTEM)
        if request is not None and request.question == HEARTBEAT_NOW:
            self._renew()
        if request is not None and request.question == LOOK_AT_CRON:
            self.cast_to(self._server.named(names.CRON_MANAGER), Tick())
        answer = self._questions.answer(request.question, root) if request is not None and root is not None else None
        if request is not None and answer is not None:
            self._requests.answer(request, answer)
