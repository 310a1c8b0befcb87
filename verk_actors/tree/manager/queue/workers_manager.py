"""Lets the workers of one queue claim its jobs, and decides the fate of each.

Supervised by the QueueSupervisor, permanent. All it knows of jobs is in the running table, so its death neither
loses a job nor runs one twice: its successor goes on from the table. It says how many jobs may be held, gives back what
is not to run here, sees to the jobs of workers that die, and tells of all that has happened.

Source: Verk lib/verk/workers_manager.ex. Differs: workers claim jobs, and the QueueManager hears of their ends from
them, docs/decisions/0005, 0049.
"""

from __future__ import annotations

from collections.abc import Sequence

from verk_actors.events import Event, JobFinished, JobStarted, QueuePaused, QueuePausing, QueueRunning
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
from verk_actors.tree import names
from verk_actors.tree.manager.queue.ended_runs import but_successes, fenced_of, runs_of
from verk_actors.tree.manager.queue.failure import worker_died
from verk_actors.tree.manager.queue.outcome_events import events_of_all
from verk_actors.tree.manager.queue.pace import Pace
from verk_actors.tree.manager.queue.stuck import LOOKS_PER_LIMIT, newly_stuck, seconds_to_next_look
from verk_actors.tree.messages import (
    Drain,
    HandBack,
    JobsMoved,
    Pause,
    Publish,
    QueueDrained,
    Resized,
    Resume,
    RunsEnded,
    SettleEnded,
    Tick,
)
from verk_actors.tree.node_log import NodeLog
from verk_actors.tree.node_state import NodeState
from verk_actors.tree.running_job import GIVEN_BACK, Failed, RunningJob
from verk_actors.tree.running_jobs import PREDECESSOR_SECONDS, emptied

log = NodeLog(__name__)

_LAST_EXCHANGE_SECONDS = 4.0  # within the 5 s that its supervisor grants it
_REST_SECONDS = 0.002  # between two looks at jobs that are settled one by one, so that there are several to tell of


class WorkersManager(Server):
    """Keeps the workers of one queue busy."""

    def __init__(self, node: NodeState, queue: str) -> None:
        super().__init__()
        self._node = node
        self._queue = queue
        self._row = node.queues[queue]
        self._table = self._row.running_jobs
        self._pace = Pace()
        self._workers: set[Ref] = set()  # monitored
        self._drains: list[Deferred] = []
        self._next_look: Timer | None = None  # for stuck jobs

    def init(self) -> None:
        """Go on from what the table says."""
        table, row, nudged = self._table, self._row, self._table.workers_manager
        if nudged.ref is not None:
            nudged.ref.join_thread(PREDECESSOR_SECONDS)  # where it was killed
        nudged.ref = self.actor_ref
        if row.removing or self._node.stopping or self._node.is_paused(self._queue):
            row.status, table.is_open = "pausing", False
        else:
            self._run()
        self._look_later(self._node.config.stuck_job_seconds / LOOKS_PER_LIMIT)  # for those of its predecessor
        if row.due:
            self.hand_back(HandBack())

    def terminate(self, reason: ExitReason) -> None:
        """Settle what has ended; hand the rest back if this node runs the queue no more."""
        if self._next_look is not None:
            self._next_look.cancel()
        if not reason.graceful:
            return
        table = self._table
        table.room = 0
        if self._node.stopping or self._row.removing:
            table.is_open = False
            table.withdraw()
            self._give_back(list(table.held))
        if table.queue_manager.ref is not None and self._unsettled():
            self._settle_last(table.queue_manager.ref)
        self._look()

    def _settle_last(self, queue_manager: Ref) -> None:
        try:
            queue_manager.call(SettleEnded(), timeout=_LAST_EXCHANGE_SECONDS)
        except (OtpError, ActorDeadError) as error:
            text = "%s: %s jobs could not be settled before the stop and will run again: %s"
            log.error(text, self._queue, self._unsettled(), error)

    def _unsettled(self) -> int:
        return sum(job.outcome is not None for job in list(self._table.held))

    # -- the flow of jobs

    @handles(JobsMoved, Resized)
    def jobs_moved(self, _: JobsMoved | Resized) -> None:
        """Look at the table, and at the room, once the inbox is empty."""

    def handle_idle(self) -> None:
        """Look at the table, then say how many jobs may be held, if that is news."""
        settled = self._look()
        ahead = self._pace.note(settled, self.clock.monotonic())
        config, table = self._row.config, self._table
        room = (config.size + min(config.prefetch, ahead if table.held else 0)) if table.is_open else 0
        if room != table.room:
            table.room = room
            table.queue_manager.nudge()
        elif self._row.status == "pausing" and not room and not table.room_kept and not table.held:
            self._paused()
        if settled and not table.watched:
            self.wait_seconds(_REST_SECONDS)

    def _look(self) -> int:
        """Take what others have put down since the last look, and tell of it; returns how many jobs were settled.

        Taken last to first, and told first to last: of a job that was settled, the start is told before the end.
        """
        table = self._table
        table.workers_manager.told = False
        settled, started = emptied(table.settled), emptied(table.started)
        if len(table.workers) != len(self._workers):
            self._watch_workers()
        if not table.is_open:
            self._give_back(table.withdraw())  # what was fetched meanwhile
        self._tell(started, settled)
        return len(settled)

    def _tell(self, started: Sequence[RunningJob], settled: Sequence[RunningJob]) -> None:
        """Tell QueueStats of all runs, and listeners of what one of them may want: most jobs are of no interest."""
        runs, fenced = runs_of(settled), fenced_of(settled)
        if runs or fenced:
            self.cast_to(names.QUEUE_STATS, RunsEnded(self._queue, runs, fenced))
        node = self._node
        if not node.is_wanted(JobStarted):
            started = ()
        if not node.is_wanted(JobFinished):
            settled = but_successes(settled)
        self._publish(events_of_all(started, settled, self._queue, node.config, node.registry))

    def _give_back(self, jobs: Sequence[RunningJob]) -> None:
        """Have jobs go back to their queue unless they have ended; the last first, so that the queue is as it was."""
        for job in reversed(jobs):
            is_here = job.settled is None and self._table.end(job, GIVEN_BACK, self.clock.time())
            if is_here and (interrupt := job.interrupt) is not None:
                interrupt()  # before others get it
        if jobs:
            self._table.queue_manager.nudge()

    # -- jobs that do not end

    @handles(Tick)
    def look_for_stuck_jobs(self, _: Tick) -> None:
        """Tell of jobs that have run for too long, each run once; nothing else can be done about them."""
        limit, now = self._node.config.stuck_job_seconds, self.clock.time()
        running = self._table.running()
        self._publish(list(newly_stuck(running, self._queue, now, limit)))
        self._look_later(seconds_to_next_look(running, now, limit))

    def _look_later(self, seconds: float) -> None:
        if seconds:  # 0 where nobody wants to be told
            self._next_look = self.send_after(seconds, Tick())

    # -- workers that die

    def _watch_workers(self) -> None:
        """Hear of the end of workers that have come."""
        for worker in [worker for worker in list(self._table.workers) if worker not in self._workers]:
            self._workers.add(worker)
            self.monitor(worker)

    def handle_down(self, down: Down) -> None:
        """See to the job of a worker that died."""
        self._workers.discard(down.ref)
        self._table.workers.pop(down.ref, None)
        if isinstance(down.ref.reason, Killed):
            return  # its thread goes on, and will put the end of its job into the table as ever
        for job in list(self._table.held):
            if job.worker is down.ref:
                self._table.end(job, Failed(failure=worker_died(down.ref.reason)), self.clock.time())
        self._table.queue_manager.nudge()

    # -- pausing

    @handles(Pause)
    def pause(self, _: Pause) -> None:
        """Fetch no more; jobs that no worker has begun go back to the queue."""
        if self._row.status == "running":
            table = self._table
            # No room first: else the QueueManager would fetch anew what goes back, and give it back out of order.
            self._row.status, table.is_open, table.room = "pausing", False, 0
            self._give_back(table.withdraw())
            table.queue_manager.nudge()
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
        self._table.wake()  # for what was fetched while it was closed, or whoever died has woken nobody for
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
        if self._row.removing:
            self.cast_to(names.MANAGER, QueueDrained(self._queue))

    def _publish(self, events: Sequence[Event]) -> None:
        if events:
            self.cast_to(names.EVENT_PRODUCER, Publish(events))
