"""Enqueues periodic jobs when their times come.

Supervised by the ActorSystem, permanent; one more for each further Redis, under OtherServers. Every node does this for
all periodic jobs of the queues there, and they share the work: of those that find a time due, one enqueues its job.
There is no leader, so none that could be missing. What runs when is known from Redis, where each node enters what it
has in its configuration and its job classes, and programs what they add at run time; Redis' clock decides what is due.
Idle, it looks every 15 s. Its death costs nothing: the next one looks at once, and makes up for what has passed.

No counterpart in Verk. Source: exq_scheduler lib/exq_scheduler/scheduler/server.ex. Differs: docs/decisions/0058.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

from verk_actors.client.preparing import Preparer
from verk_actors.errors import StoreError, StoreUnavailable
from verk_actors.events import CronJobEnqueued, CronJobKeptOut, Event
from verk_actors.jobs.cron_entries import entries_of
from verk_actors.otp import Server, Timer, handles
from verk_actors.store.connection import Connection
from verk_actors.store.cron import Claim, CronEntries, CronTable
from verk_actors.store.entries import Entry
from verk_actors.tree import names
from verk_actors.tree.messages import Publish, Tick
from verk_actors.tree.node_log import NodeLog
from verk_actors.tree.node_state import NodeState, RedisServer
from verk_actors.tree.outage import Outage
from verk_actors.wire import cron_entry
from verk_actors.wire.codec import decode
from verk_actors.wire.cron_entry import CronEntry, MalformedEntry
from verk_actors.wire.cron_schedule import MOST_AT_ONCE

log = NodeLog(__name__)

_LOOK_SECONDS = 15.0  # as long as it may take until a new entry is known here, if nobody says that there is one
_TELL_SECONDS = 60.0  # how often the node says that it still has its own
_AFTER_SECONDS = (0.005, 0.05)  # when the time has come; not all nodes at once, so that most find it seen to


class CronManager(Server):
    """The clock of the periodic jobs."""

    def __init__(self, node: NodeState, server: RedisServer) -> None:
        super().__init__()
        self._node = node
        self._server = server
        self._connection = self.own(Connection(server.url, name=node.connection_name("cron"), lifeline=node.lifeline))
        self._store = CronEntries(self._connection, node.keys)
        self._preparer = Preparer(node.config, node.keys)
        self._own = {
            name: entry
            for name, entry in entries_of(node.config, node.registry).items()
            if node.config.redis_url_of(entry.queue) == server.url
        }
        self._entered = False  # whether Redis knows the node's own as they are here
        self._told_at = -math.inf  # monotonic
        self._read: dict[str, tuple[bytes, CronEntry | None]] = {}  # definitions, as they were read
        self._outage = Outage(server.named("cron"), server.trouble)
        self._refusals = Outage(server.named("cron, enqueueing"), server.trouble)
        self._timer: Timer | None = None

    def init(self) -> None:
        """Look at once: times may have come while no node ran."""
        self.actor_ref.cast(Tick())

    @handles(Tick)
    def look(self, _: Tick) -> None:
        """Enqueue what is due, and come back when the next is."""
        if self._timer is not None:
            self._timer.cancel()
        try:
            self._connection.check()
            table, looked_at = self._store.look(self._to_tell()), self.clock.monotonic()
            wait = 0.0 if self._enter_own(table) else self._see_to(table)
            seconds = max(0.0, wait - (self.clock.monotonic() - looked_at))
        except StoreError as error:
            seconds = self._outage.goes_on(error, self.clock.monotonic())
        else:
            self._outage.over(self.clock.monotonic())
        self._timer = self.send_after(seconds, Tick())

    # -- what there is

    def _to_tell(self) -> Sequence[str]:
        """Return the names of the node's own entries if it is time to say that it has them."""
        now = self.clock.monotonic()
        if now - self._told_at < _TELL_SECONDS:
            return ()
        self._told_at = now
        return tuple(self._own)

    def _enter_own(self, table: CronTable) -> bool:
        """Enter the node's own that are missing, and at first those that stand there otherwise; whether there were any.

        At first only: while nodes are replaced by those of a new version, the one that started last has its say.
        """
        entered = False
        for name, entry in self._own.items():
            there, written = table.definitions.get(name), cron_entry.write(entry)
            if there is None or name not in table.slots or (there != written and not self._entered):
                before = None if there is None else self._entry_of(name, there)
                anew = before is None or before.schedule != entry.schedule
                entered = self._store.put(entry, instead_of=there, anew=anew) or entered
        self._entered = True
        return entered

    def _entry_of(self, name: str, definition: bytes) -> CronEntry | None:
        """Return an entry that was read, None where it makes no sense here."""
        known = self._read.get(name)
        if known is None or known[0] != definition:
            try:
                entry = cron_entry.read(name, definition)
            except MalformedEntry as error:
                log.warning("a periodic job can't be read, and is passed over: %s", error)
                entry = None
            self._read[name] = known = (definition, entry)
        return known[1]

    # -- what is due

    def _see_to(self, table: CronTable) -> float:
        """Enqueue what is due; returns the seconds to the next look."""
        wait, refusal = _LOOK_SECONDS, None
        for name, definition in table.definitions.items():
            entry = self._own.get(name) or self._entry_of(name, definition)
            last = table.slots.get(name)
            if entry is None or last is None or name in table.paused or not self._may_enqueue(entry):
                continue
            due, are_seen_to = entry.schedule.due(last, table.now), False
            try:
                # One after the other: behind one that can't be enqueued none is, as it would be over then.
                are_seen_to = all(self._enqueue(entry, slot, definition) for slot in due)
            except StoreUnavailable:
                raise
            except StoreError as error:
                refusal = error
            following = next(entry.schedule.after(table.now), math.inf)
            has_more = are_seen_to and len(due) == MOST_AT_ONCE
            wait = 0.0 if has_more else min(wait, following - table.now)
        self._read = {name: read for name, read in self._read.items() if name in table.definitions}
        return self._see_to_refused(refusal, wait + random.uniform(*_AFTER_SECONDS))

    def _may_enqueue(self, entry: CronEntry) -> bool:
        """Whether this node enqueues it: of what others have in their configuration or code, they know more."""
        return entry.source == "client" or entry.name in self._own

    def _enqueue(self, entry: CronEntry, slot: float, definition: bytes) -> bool:
        """Enqueue it for one of its times, unless that was seen to; False where its job can't be made."""
        job = self._prepared(entry, slot)
        if job is None:
            return False
        definition = b"" if entry.name in self._own else definition
        claim = self._store.claim(entry.name, slot, job, self.clock.time(), definition=definition)
        event = self._event_of(entry, slot, job, claim)
        if event is not None:
            self.cast_to(names.EVENT_PRODUCER, Publish([event]))
        return True

    def _prepared(self, entry: CronEntry, slot: float) -> Entry | None:
        """Return what is written of the job; None where that can't be done, which is told."""
        try:
            job = self._preparer.one(entry.at(slot), self.clock.time())
        except Exception as error:  # middleware is users' code
            log.error("periodic job %s can't be enqueued: %s", entry.name, error, exc_info=error)
            return None
        if self._node.config.redis_url_of(job.queue) != self._server.url:
            log.error(
                "periodic job %s is not enqueued: a middleware sends it to %s, on another Redis", entry.name, job.queue
            )
            return None
        return job

    def _event_of(self, entry: CronEntry, slot: float, job: Entry, claim: Claim) -> Event | None:
        if claim.status == "KEPT_OUT" and self._node.is_wanted(CronJobKeptOut):
            return CronJobKeptOut(queue=job.queue, name=entry.name, slot_at=slot, holder=claim.holder)
        if claim.status == "OK" and not job.is_halted and self._node.is_wanted(CronJobEnqueued):
            return CronJobEnqueued(queue=job.queue, job=decode(job.payload, job.queue), name=entry.name, slot_at=slot)
        return None

    def _see_to_refused(self, refusal: StoreError | None, wait: float) -> float:
        """Tell of jobs that Redis refuses; the others go on. Returns the seconds to the next look."""
        now = self.clock.monotonic()
        if refusal is None:
            self._refusals.over(now)
            return wait
        return min(wait, max(1.0, self._refusals.goes_on(refusal, now)))
