"""Calls the jobs that wait for limits, when there is room for them, and frees the slots of nodes that are dead.

Supervised by the ActorSystem, permanent; one more for each further Redis, under OtherServers. Every node does this, and
they share the work. It is told by the QueueManagers of this node when a job was put aside, and when one that held a
slot was settled; it looks by itself when the next job of a rate may start, and now and then, for words that were lost.
Its death costs some seconds: the next one looks at all that is due.

No counterpart in Verk. Exq's exq_limit lets a queue rest instead, with whatever waits in it.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

from verk_actors.errors import StoreError, StoreUnavailable, loggable
from verk_actors.otp import Server, Timer, handles
from verk_actors.settings.limit import Limit, name_of_id
from verk_actors.store import limit_book
from verk_actors.store.connection import Connection
from verk_actors.store.limit_calls import LOOK_SECONDS, LimitCalls, Room
from verk_actors.tree.messages import LimitsMoved, Tick
from verk_actors.tree.node_log import NodeLog
from verk_actors.tree.node_state import NodeState, RedisServer
from verk_actors.tree.outage import Outage

log = NodeLog(__name__)

_IDLE_SECONDS = 15.0  # between two looks, where nothing tells of another time
_SHORTEST_SECONDS = 0.01  # so that jobs of a high rate are called several at a time
_TELL_SECONDS = 600.0  # between two tellings of what limits say
_NODES_SECONDS = 1.0  # between two looks at what other nodes may have put aside though this one has room


class LimitManager(Server):
    """The one who calls."""

    def __init__(self, node: NodeState, server: RedisServer) -> None:
        super().__init__()
        self._node = node
        self._server = server
        self._connection = self.own(Connection(server.url, name=node.connection_name("limits"), lifeline=node.lifeline))
        self._look_seconds = min(LOOK_SECONDS, node.config.lease_seconds)  # when others may have died
        self._calls = LimitCalls(self._connection, node.keys, node.config.node_id, self._look_seconds)
        self._outage = Outage(server.named("limits"), server.trouble)
        self._refusals = Outage(server.named("limits, calling"), server.trouble)
        self._told: Mapping[str, Limit] = {}
        self._told_at = 0.0
        self._moved: dict[str, None] = {}  # limits to be looked at
        self._is_due = True  # others may be
        self._is_away = False  # Redis is, until the next Tick
        self._timer: Timer | None = None
        self._next_at = 0.0  # when that is over, monotonic
        self._postponed: set[str] = set()  # limits whose holders can't be judged yet
        self._examined: dict[str, float] = {}  # when holders were, monotonic
        self._suspects: frozenset[tuple[str, str]] = frozenset()  # slots of this node, with a job that it has not
        self._refused: set[str] = set()  # limits that Redis did not let it see to

    @handles(LimitsMoved)
    def limits_moved(self, message: LimitsMoved) -> None:
        """Note which, to be looked at together with what else is in the inbox."""
        self._postponed -= message.ids
        self._moved.update(dict.fromkeys(message.ids))

    @handles(Tick)
    def look_again(self, _: Tick) -> None:
        """Look at what is due by now."""
        self._is_due, self._is_away, self._timer = True, False, None

    def handle_idle(self) -> None:
        """Look at what is to be looked at."""
        if self._is_away or not (self._is_due or self._moved):
            return
        try:
            self._connection.check()
            self._look()
        except StoreError as error:
            self._is_away = True
            self._look_in(self._outage.goes_on(error, self.clock.monotonic()))
        else:
            self._outage.over(self.clock.monotonic())

    def _look(self) -> None:
        ids, wait = dict(self._moved), _IDLE_SECONDS
        if self._is_due:
            self._tell()
            due = self._calls.due()
            ids |= dict.fromkeys(due.ids)
            wait = min(wait, _IDLE_SECONDS if due.next_in_seconds is None else due.next_in_seconds)
        limits = self._known(ids)
        for id_, room in self._rooms(limits).items():
            self._see_to(id_, limits[id_], room)
            if room.next_in_seconds is not None:
                is_for_all = limits[id_] is not None and room.next_in_seconds
                wait = min(wait, room.next_in_seconds if is_for_all else _NODES_SECONDS)
        self._is_due, self._moved = False, {}
        self._look_in(max(wait, _SHORTEST_SECONDS))

    def _tell(self) -> None:
        """Tell what the limits of this node say, when they have changed, and now and then."""
        limits, now = self._node.known_limits(), self.clock.time()
        if limits and (limits != self._told or now - self._told_at >= _TELL_SECONDS):
            limit_book.tell(self._connection, self._node.keys, limits.values(), now)
            self._told, self._told_at = limits, now

    def _rooms(self, limits: Mapping[str, Limit | None]) -> Mapping[str, Room]:
        """Return what limits have room for; not of those whose keys hold something else, which hold up no other."""
        try:
            return self._calls.rooms(limits) if limits else {}
        except StoreUnavailable:
            raise
        except StoreError as error:
            if len(limits) == 1:
                self._see_to_refused(next(iter(limits)), error)
                return {}
        rooms: dict[str, Room] = {}
        for id_, limit in limits.items():
            rooms |= self._rooms({id_: limit})
        return rooms

    def _known(self, ids: Collection[str]) -> Mapping[str, Limit | None]:
        """Return what limits say, by their ids; None of those that no node knows, and none that another may know."""
        known = self._node.known_limits() if ids else {}
        limits = {id_: known.get(name_of_id(id_)) for id_ in ids}
        return {id_: one for id_, one in limits.items() if one is not None or self._calls.is_forgotten(id_)}

    def _see_to(self, id_: str, limit: Limit | None, room: Room) -> None:
        """Call as many jobs as there is room for; where there is none, see whether all who hold it are alive."""
        if limit is None and room.count:
            log.warning("limit %s, which no node knows: the %s jobs that wait are called", loggable(id_), room.count)
        payloads, free, held, refusal = list(room.first), room.free, 0, None
        while free and payloads:
            part, payloads = payloads[:free], payloads[free:]
            called = self._calls.call(id_, limit, part, self.clock.time(), self._server.paused)
            refusal = called.refusal or refusal
            held += called.held
            resting = sum(queue in self._server.paused for queue in called.queues) + called.malformed
            free = resting + called.held
            if resting:
                self.actor_ref.cast(LimitsMoved(frozenset({id_})))  # there is room for more
        self._see_to_refused(id_, refusal)
        if limit is not None and limit.concurrency is not None and room.count and (held or not room.free):
            self._examine(id_, limit)

    def _examine(self, id_: str, limit: Limit) -> None:
        now, lease = self.clock.monotonic(), self._server.lease
        seconds = self._node.config.lease_seconds
        if now - self._examined.get(id_, -math.inf) < self._look_seconds:
            return
        if not lease.is_steady(now, seconds):
            if id_ not in self._postponed:
                self._postponed.add(id_)
                self.send_after(seconds, LimitsMoved(frozenset({id_})))
            return
        self._examined[id_] = now
        here = self._node.jids_on(self._server)
        suspects: set[tuple[str, str]] = set()

        def is_lost(jid: str) -> bool:
            """Whether it was not here the last time either: it may be on its way into the table."""
            if jid not in here:
                suspects.add((id_, jid))
            return jid not in here and (id_, jid) in self._suspects

        count = self._calls.reclaim(id_, limit, lease.token, is_lost)
        others = {one for one in self._suspects if one[0] != id_}
        self._suspects = frozenset(suspects | others)
        if count:
            log.warning("limit %s: %s slots that nobody held any more are free", loggable(id_), count)
            self.actor_ref.cast(LimitsMoved(frozenset({id_})))

    def _see_to_refused(self, id_: str, refusal: StoreError | None) -> None:
        """Tell of a limit that can't be seen to, or of jobs that can't be called; they wait, and are called again."""
        now = self.clock.monotonic()
        if refusal is not None:
            self._refused.add(id_)
            self._refusals.goes_on(refusal, now)
        else:
            self._refused.discard(id_)
            if not self._refused:
                self._refusals.over(now)

    def _look_in(self, seconds: float) -> None:
        """Look again after so many seconds, or sooner where that was said before."""
        at = self.clock.monotonic() + seconds
        if self._timer is not None:
            if self._next_at <= at and not self._is_away:
                return
            self._timer.cancel()
        self._next_at = at
        self._timer = self.send_after(seconds, Tick())
