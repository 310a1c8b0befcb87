"""Takes the jobs of one queue out of Redis and brings their fate back.

Supervised by the QueueSupervisor, permanent. Owns the queue's connection and is the only one to touch the
in-progress list. It settles and fetches in one step; when there is nothing to fetch it waits, blocked in Redis,
until a job or a message comes. Its death loses nothing: the next one compares the running table and Redis first.

Source: Verk lib/verk/queue_manager.ex. Differs: docs/decisions/0006.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import islice

from verk_actors.errors import StoreError
from verk_actors.otp import NO_REPLY, ExitReason, IoServer, NoReply, Timer, handles
from verk_actors.otp.deferred import Deferred
from verk_actors.store.connection import Connection
from verk_actors.store.exchange import Exchanged, InProgress, Settlement, effects_of
from verk_actors.tree import names
from verk_actors.tree.manager.queue.fate import settlement_of
from verk_actors.tree.manager.queue.holding import Holding
from verk_actors.tree.manager.queue.starting import Starting
from verk_actors.tree.manager.queue.telling import tell_of_limits, tell_of_settled, tell_of_trimmed
from verk_actors.tree.messages import JobsEnded, LeaseRenewed, SettleEnded, Tick, WorkersFree
from verk_actors.tree.node_log import NodeLog
from verk_actors.tree.node_state import NodeState
from verk_actors.tree.outage import Outage
from verk_actors.tree.redis_wait import REPLY_MARGIN_SECONDS, RedisWait
from verk_actors.tree.running_job import RunningJob
from verk_actors.tree.running_jobs import PREDECESSOR_SECONDS, emptied, most_at_once

log = NodeLog(__name__)
_WATCH_SECONDS = 0.001  # the time of some 20 to 50 brisk jobs
_BEGIN_SECONDS = 0.0003  # what it takes to wake a worker


class QueueManager(IoServer):
    """Fetches and settles the jobs of one queue."""

    def __init__(self, node: NodeState, queue: str) -> None:
        super().__init__()
        config = node.config
        self._node = node
        self._queue = queue
        self._row = row = node.queues[queue]
        self._table = row.running_jobs
        self._room = row.room
        self._server = row.server
        self._lease = self._server.lease
        self._connection = Connection(
            self._server.url,
            name=node.connection_name(f"queue:{queue}"),
            socket_timeout_seconds=config.block_seconds + REPLY_MARGIN_SECONDS,
            lifeline=node.lifeline,
            meanwhile=row.running_jobs.tell_of_settled,
        )
        self._holding = Holding(queue, row.running_jobs, Starting(node, queue, self._connection))
        self._in_progress = InProgress(self._connection, node.keys, queue, config.node_id, node.limits)
        self._wait = RedisWait(self, self._connection, node, self._server)
        self._outage = Outage(f"queue {queue}", self._server.trouble)
        self._refusals = Outage(f"queue {queue}, settling", self._server.trouble)
        self._unsettled: dict[RunningJob, None] = {}  # have ended; in order, each once
        self._caller: Deferred | None = None  # wants to hear when there are none
        self._is_away = False  # Redis is, until the next Tick
        self._reconciled = False
        self._compared_over = 0  # which of the connections that there were
        self._next_tick: Timer | None = None

    def init(self) -> None:
        """Go on from what the table says."""
        table, nudged = self._table, self._table.queue_manager
        if nudged.ref is not None:
            nudged.ref.join_thread(PREDECESSOR_SECONDS)  # where it was killed, a script of it may be under way
        nudged.ref, nudged.told = self.actor_ref, False
        self._unsettled = dict.fromkeys(job for job in list(table.held) if job.outcome is not None)
        nudged.nudge()

    def terminate(self, reason: ExitReason) -> None:
        """Close the connection; what is not confirmed stays in Redis and in the table."""
        self._connection.close()

    @handles(JobsEnded)
    def jobs_ended(self, _: JobsEnded) -> None:
        """Settle and fetch, now or when Redis is back."""
        self._look()
        if self._node.stopping and not self._unsettled and not self._room.size:
            self._report()  # nothing to say to Redis, which may be away: an idle queue stops at once
        elif not self._is_away:
            self._work()

    @handles(SettleEnded)
    def settle_ended(self, _: SettleEnded) -> NoReply:
        """Settle, and answer when all is settled."""
        self._caller = self.defer()
        self._look()
        if self._unsettled:
            self._work()
        else:
            self._report()
        return NO_REPLY

    @handles(LeaseRenewed)
    def lease_renewed(self, _: LeaseRenewed) -> None:
        """Compare with Redis at each heartbeat: a fetch that timed out may have been done later."""
        self._reconciled = False
        self._table.waking = False  # whoever was woken has looked by now, or died in that moment and never will
        self._table.wake()
        self._room.looked()  # nor is anybody else to wait for that
        self._work(again=True, fetch=False)

    @handles(WorkersFree)
    def workers_free(self, _: WorkersFree) -> None:
        """Fetch for workers that another queue of the group has left."""
        self._room.looked()
        self._work()

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
        if self._unsettled or self._table.ended or self._table.room != self._room.size:
            return False  # and somebody has told of it, or will
        return self._reconciled and self._lease.held and self._room.may_wait()

    def _look(self) -> None:
        """Take up what has ended, and how much room there is."""
        table = self._table
        table.queue_manager.told, ended = False, emptied(table.ended)
        table.judge(ended)
        self._unsettled.update(dict.fromkeys(ended))
        table.room_kept = max(table.room_kept, table.room)  # before the next line, and before anything is fetched
        self._room.resize(min(table.room, table.room_kept))

    def _work(self, *, again: bool = False, fetch: bool = True) -> None:
        """Reconcile if something is uncertain, then settle and fetch; on an outage, later.

        With `again` what Redis refused is settled, too. Without `fetch` a mere fetch is left to the wait.
        """
        self._look()
        try:
            is_certain = (self._reconciled and not self._is_elsewhere()) or self._reconcile()
            if is_certain and (fetch or self._unsettled or self._holding.refused):
                self._settle_and_fetch(list(self._holding.refused) if again else [])
                self._is_away = False
                self._outage.over(self.clock.monotonic())
            elif not is_certain:
                self._room.withdraw()
        except StoreError as error:
            self._rest(error)
        else:
            self._tell_who_is_next()

    def _rest(self, error: StoreError) -> None:
        """Do nothing until the next Tick; what was under way is uncertain."""
        self._reconciled, self._is_away = False, True
        self._room.withdraw()
        self._tell_who_is_next()
        self._look_again_after(self._outage.goes_on(error, self.clock.monotonic()))

    def _tell_who_is_next(self) -> None:
        for queue_manager in self._room.next_to_look():
            queue_manager.cast(WorkersFree())

    def _look_again_after(self, seconds: float) -> None:
        if self._next_tick is not None:
            self._next_tick.cancel()
        self._next_tick = self.send_after(seconds, Tick())

    def _settle_and_fetch(self, again: list[RunningJob]) -> None:
        most = most_at_once(self._room.size, self._row.config.size)
        batch = list(islice(self._unsettled, most))
        jobs = self._holding.unsettled(dict.fromkeys([*again, *batch]))
        fetch, token = min(most, self._room.reserve(settling=len(jobs))) if self._lease.held else 0, self._lease.token
        result = self._exchanged(token, jobs, fetch) if jobs or fetch else None
        for job in batch:
            del self._unsettled[job]
        if result is None:
            self._report()
        else:
            self._fetched(result, fetch, token)

    def _exchanged(self, token: str, jobs: Sequence[RunningJob], fetch: int) -> Exchanged:
        node, now = self._node, self.clock.time()
        settlements = [settlement_of(job, self._queue, node.config, node.registry) for job in jobs]
        for job in jobs:
            job.sent = True
        result = self._in_progress.exchange(token, settlements, fetch, now)
        for job, settled in zip(jobs, result.settled, strict=True):
            self._holding.note(job, settled)
        self._see_to_refused(result.refusal)
        if result.trimmed:
            tell_of_trimmed(self, self._queue, result.trimmed)
        if any(map(effects_of, settlements)):
            tell_of_settled(self, self._server, jobs)
        return result

    def _fetched(self, result: Exchanged, asked: int, token: str) -> None:
        payloads, status = result.payloads, result.status
        if payloads and not self._lease.covers(token, self.clock.monotonic()):
            payloads, status = [], "FENCED"  # it stood still; what no peer has goes back with the next lease
        waiting = self._holding.take(payloads, self.clock.time)
        aside = self._holding.start(waiting, self.clock.time()) if waiting else 0
        self._room.took(asked, len(payloads), aside)
        self._report()
        if aside:  # nobody has to wait behind them
            self._table.queue_manager.nudge()
        if status == "FENCED":
            self._lose_lease()
        elif status != "OK":
            raise StoreError("fetch", self._queue, status)

    def _see_to_refused(self, refusal: StoreError | None) -> None:
        """Try again later to settle what Redis refused; the rest goes on meanwhile."""
        now = self.clock.monotonic()
        if refusal is not None:
            self._look_again_after(self._refusals.goes_on(refusal, now))
        elif not self._holding.refused:
            self._refusals.over(now)

    def _lose_lease(self) -> None:
        log.warning("%s: this node's lease is lost; fetching stops until it is back", self._queue)
        self._lease.held = False
        self.cast_to(self._server.named(names.NODE_MANAGER), Tick())

    def _report(self) -> None:
        """Wake a worker for what was fetched, and tell the WorkersManager of what it has to look at."""
        table, size, moved = self._table, self._room.size, self._holding.starting.moved
        table.room_kept = size
        if moved:
            tell_of_limits(self, self._server, moved)
        if self._unsettled or table.ended:  # too many for one step, or they came with their end
            table.queue_manager.nudge()
        elif self._caller is not None:
            self._caller.reply()
            self._caller = None
        table.watch()
        table.wake()
        if (table.settled and not table.watched) or not size:
            table.workers_manager.nudge()  # else it has time while the next exchange is under way

    def _job_has_come(self) -> bool:
        """Wait, blocked in Redis, for a job, and take it at once; False when a message came first, or neither."""
        queue, token = self._node.keys.queue(self._queue), self._lease.token
        # One, not all: Redis gives it to a node that is frozen, too.
        fetch = self._in_progress.fetch_behind_wait(token) if self._room.has_free() else None
        try:
            has_come = self._wait.ends_with_something(queue, self._node.config.block_seconds, then=fetch)
            if has_come:
                self._room.note_jobs()
            if self._wait.reply is not None:
                result = self._in_progress.fetched(self._wait.reply)
                if result.payloads and not self._room.reserve(settling=0):
                    self._requeue(result.payloads)  # another queue of the group has taken the last worker meanwhile
                elif result.payloads or result.status != "OK":
                    self._table.wake(one_comes=bool(result.payloads))
                    self._fetched(result, 1, token)
                    self.wait_message(_BEGIN_SECONDS)  # else its worker, awake, waits for the interpreter
        except StoreError as error:
            self._rest(error)
            return False
        return has_come

    def _reconcile(self) -> bool:
        """Make the table and the in-progress list agree, after a start or a lost reply; False without lease."""
        if not self._lease.held:
            return False
        orphans = self._holding.reconcile(self._in_progress.payloads())
        if orphans:
            self._requeue(orphans)
            log.warning("%s: %s jobs in progress that nobody runs go back", self._queue, len(orphans))
        self._holding.starting.hold_on(list(self._table.held))
        self._reconciled, self._compared_over = True, self._connection.opened
        return True

    def _requeue(self, payloads: Collection[bytes]) -> None:
        given_back = self._holding.starting.given_back
        settlements = [Settlement("requeue", payload, effects=given_back(payload)) for payload in payloads]
        refusal = self._in_progress.exchange(self._lease.token, settlements, 0, self.clock.time()).refusal
        if refusal is not None:
            raise refusal
