"""Takes the jobs of one queue out of Redis and brings their fate back.

Supervised by the QueueSupervisor, permanent. Owns the queue's connection and is the only one to touch the
in-progress list. It settles and fetches in one step; when there is nothing to fetch it waits, blocked in Redis,
until a job or a message comes. Its death loses nothing: the next one compares the running table and Redis first.

Source: Verk lib/verk/queue_manager.ex. Differs: docs/decisions/0006.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from verk_actors.errors import StoreError
from verk_actors.events import DeadJobsTrimmed
from verk_actors.messages import Exchange, LeaseRenewed, Publish, QueueManagerStarted, Tick
from verk_actors.otp import NO_REPLY, ExitReason, IoServer, NoReply, Timer, handles
from verk_actors.otp.deferred import Deferred
from verk_actors.running_job import RunningJob
from verk_actors.store.connection import Connection
from verk_actors.store.exchange import InProgress, Settlement
from verk_actors.store.locks import release
from verk_actors.tree import names
from verk_actors.tree.manager.queue.fate import settlement_of
from verk_actors.tree.manager.queue.reconcile import compare
from verk_actors.tree.manager.queue.taken import is_unique_until_start, running_job_of
from verk_actors.tree.node_log import NodeLog
from verk_actors.tree.node_state import NodeState
from verk_actors.tree.outage import Outage
from verk_actors.tree.redis_wait import REPLY_MARGIN_SECONDS, RedisWait
from verk_actors.tree.running_jobs import MOST_PER_EXCHANGE, PREDECESSOR_SECONDS

log = NodeLog(__name__)
_WATCH_SECONDS = 0.001  # the time of some 20 to 50 brisk jobs


class QueueManager(IoServer):
    """Fetches and settles the jobs of one queue."""

    def __init__(self, node: NodeState, queue: str) -> None:
        super().__init__()
        config = node.config
        self._node = node
        self._queue = queue
        self._table = node.queues[queue].running_jobs
        self._server = node.queues[queue].server
        self._lease = self._server.lease
        self._connection = Connection(
            self._server.url,
            name=node.connection_name(f"queue:{queue}"),
            socket_timeout_seconds=config.block_seconds + REPLY_MARGIN_SECONDS,
            lifeline=node.lifeline,
        )
        self._in_progress = InProgress(self._connection, node.keys, queue, config.node_id, node.limits)
        self._wait = RedisWait(self, self._connection, node, self._server)
        self._outage = Outage(f"queue {queue}", self._server.trouble)
        self._refusals = Outage(f"queue {queue}, settling", self._server.trouble)
        self._refused: dict[RunningJob, None] = {}  # Redis did not take their fate; they keep their room
        self._exchange: Exchange | None = None  # to be confirmed
        self._caller: Deferred | None = None  # who called it, on shutdown
        self._room = 0
        self._starting: list[RunningJob] = []  # fetched, and not in the table before their locks are released
        self._lost: list[RunningJob] = []  # still run here, though a peer took them
        self._reconciled = False
        self._compared_over = 0  # which of the connections that there were
        self._next_tick: Timer | None = None

    def init(self) -> None:
        """Tell the WorkersManager, if there is one; if it comes later it asks for this process by name."""
        table = self._table
        if table.queue_manager is not None:
            # Where it was killed, a script of it may still be under way: no comparing before it has ended.
            table.queue_manager.join_thread(PREDECESSOR_SECONDS)
        table.queue_manager = self.actor_ref
        if table.workers_manager is not None:
            table.workers_manager.cast(QueueManagerStarted(self.actor_ref))

    def terminate(self, reason: ExitReason) -> None:
        """Close the connection; what is not confirmed stays in Redis and in the table."""
        self._connection.close()

    @handles(Exchange)
    def exchange(self, message: Exchange) -> NoReply:
        """Settle and fetch; confirmed in the table, now or when Redis is back."""
        self._exchange = message
        self._caller = self.defer()
        self._room = message.room
        if self._node.stopping and not message.settle and not message.room:
            self._report()  # nothing to say to Redis, which may be away: an idle queue stops at once
        else:
            self._work()
        return NO_REPLY

    @handles(LeaseRenewed)
    def lease_renewed(self, _: LeaseRenewed) -> None:
        """Compare with Redis at each heartbeat: a fetch that timed out may have been done later."""
        self._reconciled = False
        self._table.waking = False  # whoever was woken has looked by now, or died in that moment and never will
        self._table.wake()
        self._work(again=True, fetch=False)

    @handles(Tick)
    def look_again(self, _: Tick) -> None:
        """Go on where Redis or its memory stood in the way."""
        self._work(again=True)

    def handle_idle(self) -> None:
        """Watch over jobs that wait here, then wait for others as long as there is room and nothing else to do."""
        while not self.has_messages():
            if self._table.watched:
                if not self.wait_message(_WATCH_SECONDS):
                    self._table.look_again()
            elif self._is_elsewhere() or (self._may_wait() and self._job_has_come()):
                self._work()
            elif not self._may_wait():
                return

    # -- settling and fetching

    def _is_elsewhere(self) -> bool:
        """Whether the connection is another one since the comparing: its server may lack what the last one had."""
        return self._reconciled and self._lease.held and self._connection.opened != self._compared_over

    def _may_wait(self) -> bool:
        return self._reconciled and self._exchange is None and self._fetchable() > 0

    def _fetchable(self, settling: int = 0) -> int:
        """Return how many more jobs may be taken, in a step that settles so many: never more than the room is held."""
        if not self._lease.held:
            return 0
        return max(0, min(MOST_PER_EXCHANGE, self._room - len(self._table.held) + settling))

    def _work(self, *, again: bool = False, fetch: bool = True) -> None:
        """Reconcile if something is uncertain, then settle and fetch; on an outage, later.

        With `again` what Redis refused is settled, too. Without `fetch` a mere fetch is left to the wait.
        """
        try:
            is_certain = (self._reconciled and not self._is_elsewhere()) or self._reconcile()
            if is_certain and (fetch or self._exchange is not None or self._refused):
                self._settle_and_fetch(list(self._refused) if again else [])
                self._outage.over(self.clock.monotonic())
        except StoreError as error:
            self._rest(error)

    def _rest(self, error: StoreError) -> None:
        """Do nothing until the next Tick; what was under way is uncertain."""
        self._reconciled = False
        self._look_again_after(self._outage.goes_on(error, self.clock.monotonic()))

    def _look_again_after(self, seconds: float) -> None:
        if self._next_tick is not None:
            self._next_tick.cancel()
        self._next_tick = self.send_after(seconds, Tick())

    def _settle_and_fetch(self, again: list[RunningJob]) -> None:
        exchange = self._exchange
        settle = exchange.settle if exchange is not None else ()
        jobs = self._unsettled(dict.fromkeys([*again, *settle]))
        fetch = self._fetchable(settling=len(jobs))
        if exchange is None and not fetch and not jobs:
            return
        config, now = self._node.config, self.clock.time()
        settlements = [settlement_of(job, self._queue, config) for job in jobs]
        for job in jobs:
            job.sent = True
        result = self._in_progress.exchange(self._lease.token, settlements, fetch, now)
        for job, settled in zip(jobs, result.settled, strict=True):
            if settled is None:
                job.sent = False
                self._refused[job] = None
            else:
                self._settled(job, settled)
        self._see_to_refused(result.refusal)
        self._tell_of_trimmed(result.trimmed)
        self._fetched(result.payloads, result.status)

    def _fetched(self, payloads: Iterable[bytes], status: str) -> None:
        for payload in payloads:
            self._take(payload)
        if self._starting:
            self._start_unique()
        self._report()
        if status == "FENCED":
            self._lose_lease()
        elif status != "OK":
            raise StoreError("fetch", self._queue, status)

    def _see_to_refused(self, refusal: StoreError | None) -> None:
        """Try again later to settle what Redis refused; the rest goes on meanwhile."""
        now = self.clock.monotonic()
        if refusal is not None:
            self._look_again_after(self._refusals.goes_on(refusal, now))
        elif not self._refused:
            self._refusals.over(now)

    def _tell_of_trimmed(self, count: int) -> None:
        producer = self.whereis(names.EVENT_PRODUCER)
        if count and producer is not None:
            producer.cast(Publish([DeadJobsTrimmed(queue=self._queue, count=count)]))

    def _lose_lease(self) -> None:
        log.warning("%s: this node's lease is lost; fetching stops until it is back", self._queue)
        self._lease.held = False
        manager = self.whereis(self._server.named(names.NODE_MANAGER))
        if manager is not None:
            manager.cast(Tick())

    def _unsettled(self, jobs: Collection[RunningJob]) -> list[RunningJob]:
        """Return the jobs that Redis is to be told of; not those sent again though settled, nor lost ones."""
        for job in [job for job in self._lost if job in jobs]:
            self._lost.remove(job)
            self._table.settled.append(job)
        return [job for job in jobs if job.settled is None]

    def _settled(self, job: RunningJob, settled: bool) -> None:
        job.settled = settled
        self._table.held.pop(job, None)
        self._refused.pop(job, None)
        if job.outcome is not None:
            self._table.settled.append(job)

    def _take(self, payload: bytes) -> None:
        """Enter a fetched job into the table, before anybody is told."""
        again = self._found_again(payload)
        if again is None:
            running_job = running_job_of(payload, self._queue, self.clock.time)
            if is_unique_until_start(running_job):
                self._starting.append(running_job)
            else:
                self._table.add(running_job)
        else:
            self._table.held[again] = None

    def _start_unique(self) -> None:
        """Let the next ones of unique jobs in before these begin; if Redis fails, they are found where they are."""
        starting, self._starting = self._starting, []
        release(self._connection, self._node.keys, [row.job for row in starting if row.job is not None])
        for running_job in starting:
            self._table.add(running_job)

    def _found_again(self, payload: bytes) -> RunningJob | None:
        """Return the lost job of this payload that still runs here: it is ours again, and not started twice."""
        for job in self._lost:
            if job.payload == payload and job.outcome is None:
                self._lost.remove(job)
                job.settled = None
                return job
        return None

    def _report(self) -> None:
        """Confirm the exchange, and wake a worker for what was fetched."""
        table, is_confirmed = self._table, self._exchange is not None
        if is_confirmed:  # else jobs have come, if any
            table.exchanged, self._exchange = self._exchange, None
        if self._caller is not None:
            self._caller.reply()
            self._caller = None
        table.watch()
        if not table.wake() and (is_confirmed or table.channel or table.ended or table.settled):
            table.tell()  # else the worker will, or there is nothing to look at

    def _job_has_come(self) -> bool:
        """Wait, blocked in Redis, for a job, and take it at once; False when a message came first, or neither."""
        queue, seconds = self._node.keys.queue(self._queue), self._node.config.block_seconds
        # One, not all: Redis gives it to a node that is frozen, too.
        fetch = self._in_progress.fetch_behind_wait(self._lease.token)
        try:
            has_come = self._wait.ends_with_something(queue, seconds, then=fetch)
            if self._wait.reply is not None:
                result = self._in_progress.exchanged(self._wait.reply)
                if result.payloads or result.status != "OK":
                    self._fetched(result.payloads, result.status)
        except StoreError as error:
            self._rest(error)
            return False
        return has_come

    # -- certainty

    def _reconcile(self) -> bool:
        """Make the table and the in-progress list agree, after a start or a lost reply; False without lease."""
        if not self._lease.held:
            return False
        verdict = compare(self._in_progress.payloads(), self._table.held)
        for job in verdict.settled:
            self._settled(job, True)
        for job in verdict.lost:
            self._settled(job, False)
        self._lost += [job for job in verdict.lost if job.started_at and job.outcome is None]
        if verdict.settled or verdict.lost:
            self._table.tell()  # there may be nothing to exchange
        if verdict.orphans:
            orphans = [Settlement("requeue", payload) for payload in verdict.orphans]
            refusal = self._in_progress.exchange(self._lease.token, orphans, 0, self.clock.time()).refusal
            if refusal is not None:
                raise refusal
            log.warning("%s: %s jobs in progress that nobody runs go back", self._queue, len(orphans))
        self._reconciled, self._compared_over = True, self._connection.opened
        return True
