"""Holds this node's lease in Redis, and rescues the jobs of nodes that lost theirs.

Supervised by the ActorSystem, permanent. Has its own connection, so that neither a slow command of another actor
nor a busy queue delays a heartbeat (docs/decisions/0004). While this actor is dead the lease lasts for two
heartbeats; its successor goes on with the same token. Between heartbeats it waits for questions such as
`verk tree`'s.

Source: Verk lib/verk/node/manager.ex. Differs: docs/decisions/0004.
"""

from __future__ import annotations

import json
import math

import cattrs

from verk_actors.errors import MalformedJob, NodeIdInUse, StoreError, StoreUnavailable
from verk_actors.messages import LeaseRenewed, Tick, Unblock
from verk_actors.otp import ExitReason, IoServer, Timer, handles, snapshot
from verk_actors.store.connection import Connection
from verk_actors.store.exchange import InProgress, Settlement
from verk_actors.store.nodes import Nodes
from verk_actors.store.requests import Requests
from verk_actors.store.waiting import Waiter
from verk_actors.tree import names, token
from verk_actors.tree.node_log import NodeLog
from verk_actors.tree.node_state import NodeState
from verk_actors.tree.outage import Outage
from verk_actors.wire import bookkeeping
from verk_actors.wire.codec import decode
from verk_actors.wire.jid import new_jid

log = NodeLog(__name__)

_REPLY_MARGIN_SECONDS = 3.0
_SHORTEST_WAIT_SECONDS = 0.01
_LOOK_AGAIN_SECONDS = 0.2  # at a lease that another holds, while waiting for its end
_POISON = "recovered from dead nodes more than 3 times within 72 hours: it seems to kill them"


class NodeManager(IoServer):
    """The node's heart, and the rescuer of others."""

    init_timeout = None  # it may have to wait for the end of a lease

    def __init__(self, node: NodeState) -> None:
        super().__init__()
        config = node.config
        self._node = node
        self._id = config.node_id
        self._block_seconds = config.heartbeat_seconds
        self._connection = Connection(
            config.redis_url,
            name=node.connection_name("node"),
            socket_timeout_seconds=self._block_seconds + _REPLY_MARGIN_SECONDS,
        )
        self._nodes = Nodes(self._connection, node.keys)
        self._requests = Requests(self._connection, node.keys)
        self._waiter = Waiter(self._connection)
        self._outage = Outage("node")
        self._timer: Timer | None = None
        self._next_at = 0.0  # the next heartbeat, monotonic
        self._held_since: float | None = None  # monotonic; without a break

    def init(self) -> None:
        """Take the lease; without Redis, later. Raises `NodeIdInUse` where another live process has it."""
        self._beat()

    def terminate(self, reason: ExitReason) -> None:
        """Give the lease back on an orderly stop: what is left in progress may be rescued at once."""
        if reason.graceful and self._node.stopping and self._node.lease.held:
            try:
                left = self._nodes.deregister(self._id, self._node.lease.token)
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
        while self._node.lease.held and not self.has_messages():
            seconds = self._next_at - self.clock.monotonic()
            if seconds < _SHORTEST_WAIT_SECONDS:
                return
            try:
                if self._question_has_come(min(seconds, self._block_seconds)):
                    self._answer()
            except StoreError as error:
                log.warning("no questions are answered until the next heartbeat: %s", error)
                return

    # -- the lease

    def _beat(self) -> None:
        try:
            if not self._node.lease.taken:
                self._enter()
            while not self._renew() and not self._node.lease.taken:
                self._enter()  # two processes came at once, and the other was first
            seconds = self._rescue_others()
            self._outage.over()
        except StoreError as error:
            seconds = self._outage.goes_on(error)
        if self._timer is not None:
            self._timer.cancel()
        self._next_at = self.clock.monotonic() + seconds
        self._timer = self.send_after(seconds, Tick())

    def _enter(self) -> None:
        """Before the first heartbeat of this process: see who has the id, and take back what it left."""
        self._wait_for_id()
        self._rescue(self._id)

    def _wait_for_id(self) -> None:
        """Return when nobody holds this node's id; at once where the holder is provably dead."""
        lease, end = self._node.lease, 0.0
        while (holder := self._nodes.holder(self._id)) is not None and holder != lease.token:
            if token.is_dead(holder):
                log.info("%s had node id %s and is dead", token.shown(holder), self._id)
                self._nodes.deregister(self._id, holder)
                return
            left = self._nodes.lease_seconds(self._id) or 0.0
            now = self.clock.monotonic()
            if left == math.inf:  # a lease that nobody of ours wrote, and that never ends
                raise NodeIdInUse(self._id, token.shown(holder))
            if not end:
                log.warning("%s may hold node id %s: waiting %.1f s", token.shown(holder), self._id, left)
                end = now + left + _LOOK_AGAIN_SECONDS / 2
            elif now + left > end:  # it renews its lease: it lives
                raise NodeIdInUse(self._id, token.shown(holder))
            self.wait_seconds(_LOOK_AGAIN_SECONDS)

    def _renew(self) -> bool:
        """Keep the lease, or take it; False where another process has it."""
        lease, config = self._node.lease, self._node.config
        beat = self._nodes.heartbeat(self._id, lease.token, round(config.lease_seconds * 1000), self._node.queues)
        if beat.status == "CONFLICT":
            if lease.held:
                log.error("node id %s was taken by %s; fetching stops", self._id, token.shown(beat.holder))
            lease.held, self._held_since = False, None
            return False
        if beat.status == "NEW" or self._held_since is None:
            self._held_since = self.clock.monotonic()
        lease.held = lease.taken = True
        for queue in tuple(self._node.queues):
            queue_manager = self.whereis(names.queue_manager(queue))
            if queue_manager is not None:
                queue_manager.cast(LeaseRenewed())
        return True

    # -- rescue

    def _rescue_others(self) -> float:
        """Rescue what dead nodes have left; returns the seconds to the next look.

        Only after a whole lease without a break: when Redis restarts, all leases are gone for a moment though
        every node lives.
        """
        config = self._node.config
        soonest = config.heartbeat_seconds
        if self._held_since is None:
            return soonest
        stable = self.clock.monotonic() - self._held_since >= config.lease_seconds
        for node_id, left in self._nodes.leases().items():
            if node_id == self._id:
                continue
            if left is not None:
                soonest = min(soonest, left + _LOOK_AGAIN_SECONDS)
            elif stable:
                self._rescue(node_id)
        return soonest

    def _rescue(self, node_id: str) -> None:
        """Give the jobs of a dead node back to their queues, the poisonous ones to the dead set."""
        queues = self._nodes.queues(node_id)
        if not queues:
            self._nodes.deregister(node_id, None)
        for queue in queues:
            try:
                self._rescue_queue(node_id, queue)
            except StoreUnavailable:
                raise
            except StoreError as error:  # a key holds something else: the other queues must not wait for it
                log.error("%s: the jobs of dead node %s can't be rescued: %s", queue, node_id, error)

    def _rescue_queue(self, node_id: str, queue: str) -> None:
        while True:
            rescued = self._nodes.rescue(node_id, queue)
            if rescued.moved:
                log.warning("%s: %s jobs of dead node %s are back", queue, rescued.moved, node_id)
            if rescued.poison:
                self._bury(node_id, queue, rescued.poison)
            if rescued.alive or not rescued.left:
                return

    def _bury(self, node_id: str, queue: str, payloads: list[bytes]) -> None:
        now = self.clock.time()
        settlements = [Settlement("bury", payload, _poisoned(payload, queue, now), now) for payload in payloads]
        InProgress(self._connection, self._node.keys, queue, node_id).exchange("", settlements, 0, now)
        log.error("%s: buried %s jobs %s", queue, len(payloads), _POISON)

    # -- questions

    def _question_has_come(self, seconds: float) -> bool:
        self._waiter.begin(self._node.keys.requests(self._id), seconds)
        readable = self.wait_readable(self._waiter.fileno(), seconds + _REPLY_MARGIN_SECONDS)
        if not readable and self.has_messages():
            self._waiter.end_by(self._unblock)
        return self._waiter.finish()

    def _unblock(self) -> None:
        general = self.whereis(names.GENERAL_CONNECTION)
        if general is not None:
            general.cast(Unblock(self._waiter.client_id))

    def _answer(self) -> None:
        request = self._requests.take(self._id)
        root = self.actor_ref.parent
        if request is not None and request.question == "tree" and root is not None:
            self._requests.answer(request, json.dumps(cattrs.unstructure(snapshot(root))).encode())


def _poisoned(payload: bytes, queue: str, now: float) -> bytes:
    try:
        return bookkeeping.poisoned(decode(payload, queue), reason=_POISON, now=now)
    except MalformedJob as error:
        return bookkeeping.undecodable(payload, queue=queue, reason=error.reason, jid=new_jid(), now=now)
