"""Takes the jobs of one queue out of Redis and brings their fate back.

Supervised by the QueueSupervisor, permanent. Owns the queue's connection and is the only one to touch the
in-progress list. It settles and fetches in one step; when there is nothing to fetch it waits, blocked in Redis,
until a job or a message comes. Its death loses nothing: what it had is in the running table and in Redis, and
the next one compares the two before anything else.

Source: Verk lib/verk/queue_manager.ex. Differs: docs/decisions/0006.
"""

from __future__ import annotations

import logging

import attrs

from verk_actors.errors import MalformedJob, StoreError
from verk_actors.messages import Exchange, Exchanged, LeaseTaken, QueueManagerStarted, Tick, Unblock
from verk_actors.otp import NO_REPLY, ExitReason, IoServer, NoReply, Timer, handles
from verk_actors.otp.deferred import Deferred
from verk_actors.running_job import RunningJob, Undecodable
from verk_actors.store.connection import Connection
from verk_actors.store.exchange import InProgress, Limits, Settlement
from verk_actors.store.waiting import Waiter
from verk_actors.tree import names
from verk_actors.tree.manager.queue.fate import settlement_of
from verk_actors.tree.manager.queue.reconcile import compare
from verk_actors.tree.node_state import NodeState
from verk_actors.tree.outage import Outage
from verk_actors.wire.codec import decode
from verk_actors.wire.jid import new_jid

log = logging.getLogger(__name__)

_WAIT_MARGIN_SECONDS = 3.0  # a reply that takes this much longer than the wait means a dead connection


class QueueManager(IoServer):
    """Fetches and settles the jobs of one queue."""

    def __init__(self, node: NodeState, queue: str) -> None:
        super().__init__()
        config = node.config
        self._node = node
        self._queue = queue
        self._table = node.queues[queue].running_jobs
        self._connection = Connection(
            config.redis_url,
            name=node.connection_name(f"queue:{queue}"),
            socket_timeout_seconds=config.block_seconds + _WAIT_MARGIN_SECONDS,
        )
        limits = Limits(
            max_dead_jobs=config.max_dead_jobs,
            dead_timeout_seconds=config.dead_timeout_seconds,
            failures_are_processed=config.wire_format == "sidekiq",
        )
        self._in_progress = InProgress(self._connection, node.keys, queue, config.node_id, limits)
        self._waiter = Waiter(self._connection)
        self._outage = Outage(f"{queue}: Redis")
        self._exchange: Exchange | None = None  # to be confirmed
        self._caller: Deferred | None = None  # who called it, on shutdown
        self._demand = 0
        self._reconciled = False
        self._next_tick: Timer | None = None

    def init(self) -> None:
        """Tell the WorkersManager, if there is one; if it comes later it asks for this process by name."""
        manager = self._table.workers_manager
        if manager is not None:
            manager.cast(QueueManagerStarted(self.actor_ref))

    def terminate(self, reason: ExitReason) -> None:
        """Close the connection; what is not confirmed stays in Redis and in the table."""
        self._connection.close()

    @handles(Exchange)
    def exchange(self, message: Exchange) -> NoReply:
        """Settle and fetch; confirmed by `Exchanged`, now or when Redis is back."""
        self._exchange = message
        self._caller = self.defer()
        self._demand = message.demand
        self._work()
        return NO_REPLY

    @handles(LeaseTaken, Tick)
    def look_again(self, _: LeaseTaken | Tick) -> None:
        """Go on where the lease, Redis or its memory stood in the way."""
        self._work()

    def handle_idle(self) -> None:
        """Wait for jobs as long as there is demand and nothing else to do."""
        while self._demand and self._may_wait() and not self.has_messages():
            if self._job_has_come():
                self._work()

    # -- settling and fetching

    def _may_wait(self) -> bool:
        return self._reconciled and self._exchange is None and self._node.lease.held

    def _work(self) -> None:
        """Reconcile if something is uncertain, then settle and fetch; on an outage, later."""
        try:
            if self._reconciled or self._reconcile():
                self._settle_and_fetch()
                self._outage.over()
        except StoreError as error:
            self._rest(error)

    def _rest(self, error: StoreError) -> None:
        """Do nothing until the next Tick; what was under way is uncertain."""
        self._reconciled = False
        if self._next_tick is not None:
            self._next_tick.cancel()
        self._next_tick = self.send_after(self._outage.goes_on(error), Tick())

    def _settle_and_fetch(self) -> None:
        exchange = self._exchange
        jobs = [job for job in exchange.settle if job.settled is None] if exchange is not None else []
        fetch = self._demand if self._node.lease.held else 0
        if exchange is None and not fetch:
            return
        config, now = self._node.config, self.clock.time()
        settlements = [settlement_of(job, self._queue, config) for job in jobs]
        result = self._in_progress.exchange(self._node.lease.token, settlements, fetch, now)
        for job, settled in zip(jobs, result.settled, strict=True):
            self._settled(job, settled)
        fetched = [self._take(payload) for payload in result.payloads]
        self._demand -= min(len(fetched), self._demand)
        self._report(exchange, fetched)
        if result.status == "FENCED":
            self._lose_lease()
        elif result.status != "OK":  # no memory for more jobs in progress
            raise StoreError("fetch", self._queue, result.status)

    def _lose_lease(self) -> None:
        log.warning("%s: this node's lease is lost; fetching stops until it is back", self._queue)
        self._node.lease.held = False
        manager = self.whereis(names.NODE_MANAGER)
        if manager is not None:
            manager.cast(Tick())

    def _settled(self, job: RunningJob, settled: bool) -> None:
        job.settled = settled
        self._table.held.discard(job)

    def _take(self, payload: bytes) -> RunningJob:
        """Enter a fetched job into the table, before anybody is told."""
        try:
            job = decode(payload, self._queue)
        except MalformedJob as error:
            now = self.clock.time()
            running_job = RunningJob(payload, None, None, now, now, Undecodable(error.reason))
            self._table.ended.append(running_job)
        else:
            # Resque's jobs have no id; given here, events and the retry set show the same.
            running_job = RunningJob(payload, job if job.jid else attrs.evolve(job, jid=new_jid()))
        self._table.held.add(running_job)
        return running_job

    def _report(self, exchange: Exchange | None, fetched: list[RunningJob]) -> None:
        self._exchange = None
        settled = exchange.settle if exchange is not None else ()
        runnable = [job for job in fetched if job.job is not None]
        answer = Exchanged(exchange, settled, runnable, self._demand)
        if self._caller is not None:
            self._caller.reply(answer)
            self._caller = None
        if self._table.workers_manager is not None:
            self._table.workers_manager.cast(answer)

    # -- waiting

    def _job_has_come(self) -> bool:
        """Wait, blocked in Redis, for a job; False when a message came first, or neither."""
        seconds = self._node.config.block_seconds
        try:
            self._waiter.begin(self._node.keys.queue(self._queue), seconds)
            readable = self.wait_readable(self._waiter.fileno(), seconds + _WAIT_MARGIN_SECONDS)
            if not readable and self.has_messages():
                self._waiter.end_by(self._unblock)
            return self._waiter.finish()
        except StoreError as error:
            self._rest(error)
            return False

    def _unblock(self) -> None:
        """Have the general connection end the wait, so that its reply is read and the connection kept."""
        general = self.whereis(names.GENERAL_CONNECTION)
        if general is not None:
            general.cast(Unblock(self._waiter.client_id))

    # -- certainty

    def _reconcile(self) -> bool:
        """Make the table and the in-progress list agree, after a start or a lost reply; False without lease."""
        if not self._node.lease.held:
            return False
        verdict = compare(self._in_progress.payloads(), self._table.held)
        for job in verdict.settled:
            self._settled(job, True)
        for job in verdict.lost:
            self._settled(job, False)
        if verdict.orphans:
            log.warning("%s: %s jobs in progress that nobody runs go back", self._queue, len(verdict.orphans))
            orphans = [Settlement("requeue", payload) for payload in verdict.orphans]
            self._in_progress.exchange(self._node.lease.token, orphans, 0, self.clock.time())
        self._reconciled = True
        return True
