"""Knows which queues this node runs, and adds, removes, resizes, pauses and resumes them.

Supervised by the ManagerSupervisor, permanent. The table of queues is the node's, not this actor's: a crash of
it forgets neither pauses nor queues added at run time.

Source: Verk lib/verk/manager.ex. Differs: docs/decisions/0003.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from verk_actors.errors import ConfigError, QueueAlreadyAdded, QueueNotFound
from verk_actors.messages import (
    AddQueue,
    HandBack,
    Pause,
    PauseQueue,
    QueueDrained,
    Quiet,
    RemovalDue,
    RemoveQueue,
    Resized,
    ResizeQueue,
    Resume,
    ResumeQueue,
    RunServer,
)
from verk_actors.otp import (
    NO_REPLY,
    Call,
    Cast,
    ChildNotFound,
    ChildSpec,
    Deferred,
    DeleteChild,
    NoProcess,
    NoReply,
    OtpError,
    Ref,
    Refused,
    Server,
    StartChild,
    Stop,
    TerminateChild,
    Timeout,
    Timer,
    handles,
)
from verk_actors.tree import names
from verk_actors.tree.node_log import NodeLog
from verk_actors.tree.node_state import NodeState, QueueRow
from verk_actors.tree.running_jobs import PREDECESSOR_SECONDS

log = NodeLog(__name__)

_LOOK_UP_SECONDS = 0.1  # from waiting for the supervisor's answer, to see whether it wants this process to end


class Manager(Server):
    """The node's queues."""

    def __init__(self, node: NodeState, queue_spec: Callable[[str], ChildSpec]) -> None:
        super().__init__()
        self._node = node
        self._queue_spec = queue_spec
        self._removals: dict[str, list[Deferred]] = {}  # who is to be answered
        self._removals_due: dict[str, Timer] = {}

    def init(self) -> None:
        """Go on with removals that a crash interrupted."""
        if self._node.manager is not None:
            # Where it was killed, it may be in the middle of a change: one at a time changes the table.
            self._node.manager.join_thread(PREDECESSOR_SECONDS)
        self._node.manager = self.actor_ref
        for queue, row in self._node.queues.items():
            if row.removing:
                self._start_removal(queue)

    @handles(AddQueue)
    def add_queue(self, message: AddQueue) -> None:
        """Enter a queue and start its supervisor."""
        queue = message.name
        if queue in self._node.queues:
            raise Refused(QueueAlreadyAdded(queue))
        try:
            queues = {name: row.config for name, row in self._node.queues.items()} | {queue: message.config}
            settings = attrs.evolve(self._node.config, queues=queues).queues[queue]
        except ConfigError as error:
            raise Refused(error) from error
        server = self._node.add_queue(queue, settings)
        try:
            if server is not self._node.own_server:
                self._ask(self.whereis(names.OTHER_SERVERS), RunServer(server.url))
            self._ask_supervisor(StartChild(self._queue_spec(queue)))
        except OtpError as error:
            del self._node.queues[queue]
            raise Refused(error) from error

    @handles(RemoveQueue)
    def remove_queue(self, message: RemoveQueue) -> NoReply:
        """Pause a queue; stop and forget it when its jobs have ended or had their time."""
        row = self._row(message.name)
        self._removals.setdefault(message.name, []).append(self.defer())
        if not row.removing:
            row.removing = True
            self._start_removal(message.name)
        return NO_REPLY

    @handles(ResizeQueue)
    def resize_queue(self, message: ResizeQueue) -> None:
        """Enter the new size, and have it looked at."""
        name = message.name
        row = self._staying_row(name)
        try:
            row.config = attrs.evolve(row.config, size=message.size)
        except ConfigError as error:
            raise Refused(error) from error
        for process in (names.worker_pool(name), names.workers_manager(name)):
            self._tell(process, Resized())

    @handles(PauseQueue)
    def pause_queue(self, message: PauseQueue) -> None:
        """Remember the pause and pass it on."""
        self._row(message.name).paused = True
        self._tell_workers_manager(message.name, Pause())

    @handles(Quiet)
    def quiet(self, _: Quiet) -> None:
        """Pause all queues."""
        for queue in self._node.queues:
            self.pause_queue(PauseQueue(queue))

    @handles(ResumeQueue)
    def resume_queue(self, message: ResumeQueue) -> None:
        """Forget the pause and pass it on."""
        self._staying_row(message.name).paused = False
        self._tell_workers_manager(message.name, Resume())

    @handles(HandBack)
    def hand_back(self, message: HandBack) -> None:
        """Have all queues give up their running jobs now: the node is told to stop at once."""
        for queue in self._node.queues:
            self._tell_workers_manager(queue, message)

    @handles(RemovalDue)
    def removal_due(self, message: RemovalDue) -> None:
        """Have a queue that is being removed give its running jobs back; it is drained when Redis has them."""
        row = self._node.queues.get(message.queue)
        if row is None or not row.removing:
            return  # it was drained while this was in the inbox
        row.due = True
        self._tell_workers_manager(message.queue, HandBack())

    @handles(QueueDrained)
    def finish_removal(self, message: QueueDrained) -> None:
        """Stop the supervisor of a queue that holds no job any more, and forget the queue."""
        queue = message.queue
        row = self._node.queues.get(queue)
        if row is None or not row.removing:
            return
        try:
            self._ask_supervisor(TerminateChild(queue))
            self._ask_supervisor(DeleteChild(queue))
        except ChildNotFound:
            log.debug("%s was removed already", queue)  # by this actor, before it crashed
        self._removals_due.pop(queue).cancel()
        del self._node.queues[queue]
        for caller in self._removals.pop(queue, []):
            caller.reply()

    def _start_removal(self, queue: str) -> None:
        self._tell_workers_manager(queue, Pause())
        if self._node.queues[queue].status == "paused":
            self.actor_ref.cast(QueueDrained(queue))
        seconds = self._node.config.shutdown_timeout_seconds
        self._removals_due[queue] = self.send_after(seconds, RemovalDue(queue))

    def _row(self, queue: str) -> QueueRow:
        row = self._node.queues.get(queue)
        if row is None:
            raise Refused(QueueNotFound(queue))
        return row

    def _staying_row(self, queue: str) -> QueueRow:
        row = self._row(queue)
        if row.removing:
            raise Refused(QueueNotFound(queue))
        return row

    def _ask_supervisor(self, request: Call[Any]) -> None:
        """Ask the supervisor, and end when it stops this process meanwhile, which it does without answering.

        Also where this process was killed: the supervisor may be starting its successor, which waits for it.
        """
        self._ask(self.actor_ref.parent, request)

    def _ask(self, supervisor: Ref | None, request: Call[Any]) -> None:
        if supervisor is None:
            raise NoProcess(type(request).__name__)
        answer = supervisor.ask(request, block=False)
        while True:
            try:
                answer.get(timeout=_LOOK_UP_SECONDS)
            except Timeout:
                told = self.actor_ref.reason or self.actor_ref.pending_exit
                if told is not None:
                    raise Stop(told) from None
            else:
                return

    def _tell_workers_manager(self, queue: str, message: Cast) -> None:
        self._tell(names.workers_manager(queue), message)

    def _tell(self, name: str, message: Cast) -> None:
        """Pass a message on; where there is no such process now, the next one reads the table."""
        process = self.whereis(name)
        if process is not None:
            process.cast(message)
