"""Lets the workers of one queue claim its jobs, and decides the fate of each.

Supervised by the QueueSupervisor, permanent. All it knows of jobs is in the running table, so its death neither
loses a job nor runs one twice: its successor goes on from the table. One `Exchange` with the QueueManager is
under way at a time; jobs that end meanwhile go with the next.

Source: Verk lib/verk/workers_manager.ex. Differs: workers claim jobs, docs/decisions/0005.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import islice

from verk_actors.events import Event, JobStarted, QueuePaused, QueuePausing, QueueRunning
from verk_actors.messages import (
    Drain,
    Exchange,
    HandBack,
    JobsMoved,
    Pause,
    Publish,
    QueueDrained,
    QueueManagerStarted,
    Resized,
    Resume,
    Tick,
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
    Timer,
    handles,
)
from verk_actors.running_job import GIVEN_BACK, Failed, RunningJob
from verk_actors.tree import names
from verk_actors.tree.manager.queue.failure import worker_died
from verk_actors.tree.manager.queue.outcome_events import events_of, starts_of
from verk_actors.tree.manager.queue.pace import Pace
from verk_actors.tree.manager.queue.stuck import LOOKS_PER_LIMIT, newly_stuck, seconds_to_next_look
from verk_actors.tree.node_log import NodeLog
from verk_actors.tree.node_state import NodeState
from verk_actors.tree.running_jobs import MOST_PER_EXCHANGE, PREDECESSOR_SECONDS

log = NodeLog(__name__)

_LAST_EXCHANGE_SECONDS = 4.0  # within the 5 s that its supervisor grants it


class WorkersManager(Server):
    """Keeps the workers of one queue busy."""

    def __init__(self, node: NodeState, queue: str) -> None:
        super().__init__()
        self._node = node
        self._queue = queue
        self._row = node.queues[queue]
        self._table = self._row.running_jobs
        self._pace = Pace()
        self._ended: dict[RunningJob, None] = {}  # to be settled by the next exchange; in order, each once
        self._under_way: Exchange | None = None
        self._room: int | None = None  # what the QueueManager was told last; None if this one was told nothing
        self._workers: set[Ref] = set()  # monitored
        self._queue_manager: Ref | None = None
        self._drains: list[Deferred] = []
        self._next_look: Timer | None = None  # for stuck jobs

    def init(self) -> None:
        """Go on from what the table says."""
        table, row = self._table, self._row
        if table.workers_manager is not None:
            table.workers_manager.join_thread(PREDECESSOR_SECONDS)  # where it was killed
        table.workers_manager = self.actor_ref
        if row.removing or self._node.stopping or self._node.is_paused(self._queue):
            row.status, table.is_open = "pausing", False
        else:
            self._run()
        self._adopt()
        self._look_later(self._node.config.stuck_job_seconds / LOOKS_PER_LIMIT)  # for those of its predecessor
        self._use(self.whereis(names.queue_manager(self._queue)))
        if row.due:
            self.hand_back(HandBack())

    def terminate(self, reason: ExitReason) -> None:
        """Settle what has ended; hand the rest back if this node runs the queue no more."""
        if self._next_look is not None:
            self._next_look.cancel()
        if not reason.graceful:
            return
        self._look()
        if self._node.stopping or self._row.removing:
            self._table.is_open = False
            self._table.withdraw()
            self._give_back(list(self._table.held))
        if self._under_way is not None:
            self._ended = {**dict.fromkeys(self._under_way.settle), **self._ended}
        if self._ended and self._queue_manager is not None:
            self._settle_last(Exchange(tuple(self._ended), 0), self._queue_manager)

    def _settle_last(self, exchange: Exchange, queue_manager: Ref) -> None:
        try:
            queue_manager.call(exchange, timeout=_LAST_EXCHANGE_SECONDS)
        except (OtpError, ActorDeadError) as error:
            text = "%s: %s jobs could not be settled before the stop and will run again: %s"
            log.error(text, self._queue, len(exchange.settle), error)
        else:
            self._look()

    # -- the flow of jobs

    @handles(JobsMoved, Resized)
    def jobs_moved(self, _: JobsMoved | Resized) -> None:
        """Look at the table, and at the room, once the inbox is empty."""

    def handle_idle(self) -> None:
        """Look at the table, then settle and tell the room, if there is anything to say."""
        ahead = self._pace.note(self._look(), self.clock.monotonic())
        if self._queue_manager is None or (self._under_way is not None and self._under_way.settle):
            return  # what only told the room may be replaced
        config, table = self._row.config, self._table
        room = (config.size + min(config.prefetch, ahead if table.held else 0)) if table.is_open else 0
        if self._ended or room != self._room:
            batch = tuple(islice(self._ended, MOST_PER_EXCHANGE))
            for job in batch:
                del self._ended[job]
            self._under_way, self._room = Exchange(batch, room), room
            self._queue_manager.cast(self._under_way)
        elif self._row.status == "pausing" and self._under_way is None and not table.held:
            self._paused()

    def _look(self) -> int:
        """Take what others have put down since the last look, and tell of it; returns how many jobs have ended.

        Taken last to first, and told first to last: of a job that was settled, the start is told before the end.
        """
        table = self._table
        table.told = False
        if self._under_way is table.exchanged:
            self._under_way = None
        settled, ended, started = (_emptied(jobs) for jobs in (table.settled, table.ended, table.started))
        table.judge(ended)
        if not table.is_open:
            self._give_back(table.withdraw())  # what was fetched meanwhile
        events: list[Event] = []
        for job in started:
            self._watch(job)
        tells_starts = bool(started) and self._node.is_wanted(JobStarted)
        if tells_starts:
            events += starts_of((job for job in started if job.settled is not None), self._queue)
        self._ended.update(dict.fromkeys(ended))
        for job in settled:
            events += events_of(job, self._queue, self._node.config, self._node.registry)
        if tells_starts:  # in the place of those that have ended
            events += starts_of((job for job in started if job.settled is None), self._queue)
        self._publish(events)
        return len(ended)

    def _give_back(self, jobs: Sequence[RunningJob]) -> None:
        """Have jobs settled, given back unless they have ended; the last first, so that the queue is as it was."""
        for job in reversed(jobs):
            if job.settled is None:
                if job.end(GIVEN_BACK, self.clock.time()) and job.interrupt is not None:
                    job.interrupt()  # before others get it
                self._ended[job] = None

    # -- jobs that do not end

    @handles(Tick)
    def look_for_stuck_jobs(self, _: Tick) -> None:
        """Tell of jobs that have run for too long, each run once; nothing else can be done about them."""
        limit, now = self._node.config.stuck_job_seconds, self.clock.time()
        running = self._table.running()
        for job in running:
            self._watch(job)
        self._publish(list(newly_stuck(running, self._queue, now, limit)))
        self._look_later(seconds_to_next_look(running, now, limit))

    def _look_later(self, seconds: float) -> None:
        if seconds:  # 0 where nobody wants to be told
            self._next_look = self.send_after(seconds, Tick())

    # -- after a crash, of this process or of others

    def _adopt(self) -> None:
        """Take over the jobs that the managers before have left in the table."""
        jobs = list(self._table.held)
        for job in jobs:
            if job.outcome is not None:
                self._ended[job] = None
            else:
                self._watch(job)
        self._table.wake()

    def _watch(self, job: RunningJob) -> None:
        """Hear of the end of a job's worker."""
        worker = job.worker
        if worker is not None and worker not in self._workers:
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
            if job.worker is down.ref:
                job.end(Failed(failure=worker_died(down.ref.reason)), self.clock.time())
                self._ended[job] = None

    def _use(self, queue_manager: Ref | None) -> None:
        if queue_manager is None or queue_manager is self._queue_manager:
            return
        self._queue_manager, self._under_way, self._room = queue_manager, None, None
        self.monitor(queue_manager)
        self._adopt()

    # -- pausing

    @handles(Pause)
    def pause(self, _: Pause) -> None:
        """Fetch no more; jobs that no worker has begun go back to the queue."""
        if self._row.status == "running":
            self._row.status, self._table.is_open = "pausing", False
            self._give_back(self._table.withdraw())
            self._publish([QueuePausing(queue=self._queue)])

    @handles(Resume)
    def resume(self, _: Resume) -> None:
        """Fetch again, unless something else stands against it."""
        row = self._row
        is_held = row.removing or self._node.stopping or self._node.is_paused(self._queue)
        if row.status != "running" and not is_held:
            self._run()

    def _run(self) -> None:
        self._row.status, self._table.is_open = "running", True
        self._table.wake()  # for what was fetched while it was closed
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


def _emptied(jobs: deque[RunningJob]) -> list[RunningJob]:
    """Take what is in a deque now; others may append meanwhile."""
    return [jobs.popleft() for _ in range(len(jobs))]
