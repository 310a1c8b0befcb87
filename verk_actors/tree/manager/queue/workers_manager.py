"""Hands the jobs of one queue to its workers and decides the fate of each.

Supervised by the QueueSupervisor, permanent. All it knows of jobs is in the running table, so its death neither
loses a job nor runs one twice: its successor goes on from the table. One `Exchange` with the QueueManager is
under way at a time; jobs that end meanwhile go with the next.

Source: Verk lib/verk/workers_manager.ex. Differs: workers claim jobs, docs/decisions/0005.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from verk_actors import job_log
from verk_actors.events import Event, JobStarted, QueuePaused, QueuePausing, QueueRunning
from verk_actors.job_log import JobLog
from verk_actors.messages import (
    Drain,
    Exchange,
    Exchanged,
    HandBack,
    JobsMoved,
    Pause,
    Publish,
    QueueDrained,
    QueueManagerStarted,
    Resume,
)
from verk_actors.otp import (
    NO_REPLY,
    ActorDeadError,
    Deferred,
    Down,
    ExitReason,
    Killed,
    NoReply,
    OtpError,
    Ref,
    Server,
    handles,
)
from verk_actors.running_job import GIVEN_BACK, Failed, RunningJob
from verk_actors.tree import names
from verk_actors.tree.manager.queue.outcome_events import events_of
from verk_actors.tree.node_state import NodeState
from verk_actors.wire.bookkeeping import Failure

_MOST_PER_EXCHANGE = 100  # Verk's @max_jobs; keeps replies and scripts short
_LAST_EXCHANGE_SECONDS = 4.0  # within the 5 s that its supervisor grants it


class WorkersManager(Server):
    """Keeps the workers of one queue busy."""

    def __init__(self, node: NodeState, queue: str) -> None:
        super().__init__()
        self._node = node
        self._queue = queue
        self._row = node.queues[queue]
        self._table = self._row.running_jobs
        self._log = JobLog(node.config)
        self._slots = self._row.config.size + self._row.config.prefetch
        self._ended: list[RunningJob] = []  # to be settled by the next exchange
        self._under_way: Exchange | None = None
        self._asked = 0  # the demand that the QueueManager has and has not met
        self._workers: set[Ref] = set()  # monitored
        self._queue_manager: Ref | None = None
        self._drains: list[Deferred] = []

    def init(self) -> None:
        """Go on from what the table says."""
        self._table.workers_manager = self.actor_ref
        self._table.told = False
        self._use(self.whereis(names.queue_manager(self._queue)))
        self._adopt()
        if self._row.paused or self._row.removing:
            self._row.status = "pausing"
        else:
            self._row.status = "running"
            self._publish([QueueRunning(queue=self._queue)])

    def terminate(self, reason: ExitReason) -> None:
        """Settle what has ended; hand the rest back if this node runs the queue no more."""
        if not reason.graceful:
            return
        self._look()
        if self._node.stopping or self._row.removing:
            self._give_back(self._table.withdraw())
            self._give_back(list(self._table.held))
        if self._under_way is not None:
            self._ended = [*self._under_way.settle, *self._ended]
        if self._ended and self._queue_manager is not None:
            self._settle_last(Exchange(self._ended, 0), self._queue_manager)

    def _settle_last(self, exchange: Exchange, queue_manager: Ref) -> None:
        try:
            queue_manager.call(exchange, timeout=_LAST_EXCHANGE_SECONDS)
        except (OtpError, ActorDeadError) as error:
            job_log.not_settled(self._queue, len(exchange.settle), error)
        else:
            self._tell_of(exchange.settle)

    # -- the flow of jobs

    @handles(JobsMoved)
    def jobs_moved(self, _: JobsMoved) -> None:
        """Look at the table once the inbox is empty."""

    @handles(Exchanged)
    def exchanged(self, message: Exchanged) -> None:
        """Offer fetched jobs to the workers, and tell of those that are settled."""
        self._asked = message.remaining
        if self._row.status == "running":
            self._table.offer(message.fetched)
        else:
            self._give_back(message.fetched)
        if message.exchange is self._under_way:
            self._under_way = None
        self._tell_of(message.settled)

    def handle_idle(self) -> None:
        """Look at the table, then settle and ask for jobs, if there is anything to say."""
        self._look()
        if self._under_way is not None:
            return
        if self._queue_manager is not None:
            demand = self._demand()
            if self._ended or demand != self._asked:
                batch, self._ended = self._ended[:_MOST_PER_EXCHANGE], self._ended[_MOST_PER_EXCHANGE:]
                self._under_way = Exchange(batch, demand)
                self._asked = demand
                self._queue_manager.cast(self._under_way)
                return
        if self._row.status == "pausing" and self._asked == 0 and not self._table.held:
            self._paused()

    def _demand(self) -> int:
        """Return how many jobs the free workers can take."""
        if self._row.status != "running":
            return 0
        table = self._table
        unended = len(table.held) - len(self._ended) - len(table.ended)
        return max(0, min(_MOST_PER_EXCHANGE, self._slots - unended))

    def _look(self) -> None:
        """Take what the workers have put down since the last look."""
        table = self._table
        table.told = False
        events: list[Event] = []
        while table.started:
            job = table.started.popleft()
            if job.worker is not None:
                self._watch(job.worker)
            if job.job is not None:
                events.append(JobStarted(queue=self._queue, job=job.job, started_at=job.started_at))
        while table.ended:
            self._ended.append(table.ended.popleft())
        self._publish(events)

    def _tell_of(self, jobs: Sequence[RunningJob]) -> None:
        """Publish and log what became of settled jobs; after the fact, so that nothing waits for a log."""
        events: list[Event] = []
        for job in jobs:
            if not job.told:
                job.told = True
                events += events_of(job, self._queue, self._node.config)
        self._publish(events)

    def _give_back(self, jobs: Iterable[RunningJob]) -> None:
        """Mark jobs that have not ended as given back."""
        for job in jobs:
            if job.outcome is None and job.settled is None:
                job.outcome = GIVEN_BACK
                self._ended.append(job)

    # -- after a crash, of this process or of others

    def _adopt(self) -> None:
        """Take over the jobs that the WorkersManager before has left in the table."""
        table = self._table
        to_look_at = set(table.ended)
        for job in list(table.held):
            if job.outcome is not None:
                if job not in to_look_at:
                    self._ended.append(job)
            elif job.worker is not None:
                self._watch(job.worker)
            elif not job.offered:
                table.offer([job])
        table.offer(())

    def _watch(self, worker: Ref) -> None:
        if worker not in self._workers:
            self._workers.add(worker)
            self.monitor(worker)

    @handles(QueueManagerStarted)
    def queue_manager_started(self, message: QueueManagerStarted) -> None:
        """Use the new QueueManager, and send it again what the old one has not confirmed."""
        self._use(message.ref)

    def handle_down(self, down: Down) -> None:
        """See to the job of a worker that died, or wait for the next QueueManager."""
        if down.ref is self._queue_manager:
            self._queue_manager = None
            return
        self._workers.discard(down.ref)
        if isinstance(down.ref.reason, Killed):
            return  # its thread goes on, and will put the end of its job into the table as ever
        for job in list(self._table.held):
            if job.worker is down.ref and job.outcome is None:
                job.ended_at = self.clock.time()
                failure = Failure(class_name="WorkerDied", message=f"the worker died: {down.ref.reason}")
                job.outcome = Failed(failure=failure)
                self._ended.append(job)

    def _use(self, queue_manager: Ref | None) -> None:
        if queue_manager is None or queue_manager is self._queue_manager:
            return
        self._queue_manager = queue_manager
        self.monitor(queue_manager)
        if self._under_way is not None:
            self._ended = [*self._under_way.settle, *self._ended]
            self._under_way = None
        self._asked = 0

    # -- pausing

    @handles(Pause)
    def pause(self, _: Pause) -> None:
        """Fetch no more; jobs that no worker has begun go back to the queue."""
        if self._row.status == "running":
            self._row.status = "pausing"
            self._give_back(self._table.withdraw())
            self._publish([QueuePausing(queue=self._queue)])

    @handles(Resume)
    def resume(self, _: Resume) -> None:
        """Fetch again."""
        if self._row.status != "running":
            self._row.status = "running"
            self._publish([QueueRunning(queue=self._queue)])

    @handles(Drain)
    def drain(self, _: Drain) -> NoReply:
        """Pause, and answer when no job is left."""
        self.pause(Pause())
        if self._row.status == "paused":
            self.defer().reply()
        else:
            self._drains.append(self.defer())
        return NO_REPLY

    @handles(HandBack)
    def hand_back(self, _: HandBack) -> None:
        """Pause, and give back the jobs that run too; a drain then ends when Redis has them."""
        self.pause(Pause())
        self._give_back(list(self._table.held))

    def _paused(self) -> None:
        self._row.status = "paused"
        self._publish([QueuePaused(queue=self._queue)])
        for drain in self._drains:
            drain.reply()
        self._drains.clear()
        manager = self.whereis(names.MANAGER)
        if self._row.removing and manager is not None:
            manager.cast(QueueDrained(self._queue))

    def _publish(self, events: Sequence[Event]) -> None:
        if not events:
            return
        producer = self.whereis(names.EVENT_PRODUCER)
        if producer is not None:
            producer.cast(Publish(events))
        self._log.write(events)
