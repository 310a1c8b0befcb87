"""Knows which queues this node runs, and adds, removes, resizes, pauses and resumes them.

Supervised by the ManagerSupervisor, permanent. The table of queues is the node's, not this actor's: a crash of
it forgets neither pauses nor queues added at run time.

Source: Verk lib/verk/manager.ex. Differs: docs/decisions/0003.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs

from verk_actors.errors import ConfigError, QueueAlreadyAdded, QueueInGroup, QueueNotFound, VerkError
from verk_actors.messages import AddQueue, PauseQueue, Quiet, RemoveQueue, ResizeQueue, ResumeQueue
from verk_actors.otp import (
    NO_REPLY,
    ActorDeadError,
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
from verk_actors.settings.groups import QueueGroup
from verk_actors.settings.queues import QueueConfig
from verk_actors.tree import names
from verk_actors.tree.messages import DeleteJobs, HandBack, Pause, QueueDrained, RemovalDue, Resized, Resume, RunServer
from verk_actors.tree.node_log import NodeLog
from verk_actors.tree.node_state import NodeState, QueueRow
from verk_actors.tree.running_jobs import PREDECESSOR_SECONDS

log = NodeLog(__name__)

_SUCCESSOR_SECONDS = 0.05  # until another look for a process that has died
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
        for pool in dict.fromkeys(row.pool for row in self._node.queues.values() if row.removing):
            self._start_removal(pool)

    @handles(AddQueue)
    def add_queue(self, message: AddQueue) -> None:
        """Enter a queue or a group, and start its supervisor."""
        name = message.name
        if name in self._node.queues or self._node.queues_of(name):
            raise Refused(QueueAlreadyAdded(name))
        try:
            settings = self._checked(name, message.config)
            self._node.check_limits(name, settings)
        except ConfigError as error:
            raise Refused(error) from error
        server = self._node.add_queue(name, settings)
        try:
            if server is not self._node.own_server:
                self._ask(self.whereis(names.OTHER_SERVERS), RunServer(server.url))
            self._ask_supervisor(StartChild(self._queue_spec(name)))
        except OtpError as error:
            self._forget(name)
            raise Refused(error) from error

    @handles(RemoveQueue)
    def remove_queue(self, message: RemoveQueue) -> NoReply:
        """Pause it; stop and forget it when its jobs have ended or had their time."""
        rows = self._rows_of_pool(message.name)
        self._removals.setdefault(message.name, []).append(self.defer())
        for row in rows:
            row.deleting = row.deleting or message.delete_jobs
        if not any(row.removing for row in rows):
            for row in rows:
                row.removing = True
            self._start_removal(message.name)
        return NO_REPLY

    @handles(ResizeQueue)
    def resize_queue(self, message: ResizeQueue) -> None:
        """Enter the new size, and have it looked at."""
        rows = self._rows_of_pool(message.name)
        self._refuse_removed(message.name)
        try:
            config = attrs.evolve(rows[0].config, size=message.size)
        except ConfigError as error:
            raise Refused(error) from error
        for row in rows:
            row.config = config
        self.cast_to(names.worker_pool(message.name), Resized())
        for queue in self._node.queues_of(message.name):
            self._tell_workers_manager(queue, Resized())

    @handles(PauseQueue)
    def pause_queue(self, message: PauseQueue) -> None:
        """Remember the pause and pass it on."""
        for queue in self._queues_named(message.name):
            self._node.queues[queue].paused = True
            self._tell_workers_manager(queue, Pause())

    @handles(Quiet)
    def quiet(self, _: Quiet) -> None:
        """Pause all queues."""
        for queue in self._node.queues:
            self.pause_queue(PauseQueue(queue))

    @handles(ResumeQueue)
    def resume_queue(self, message: ResumeQueue) -> None:
        """Forget the pause and pass it on."""
        self._refuse_removed(message.name)
        for queue in self._queues_named(message.name):
            self._node.queues[queue].paused = False
            self._tell_workers_manager(queue, Resume())

    @handles(HandBack)
    def hand_back(self, message: HandBack) -> None:
        """Have all queues give up their running jobs now: the node is told to stop at once."""
        for queue in self._node.queues:
            self._tell_workers_manager(queue, message)

    @handles(RemovalDue)
    def removal_due(self, message: RemovalDue) -> None:
        """Have what is being removed give its running jobs back; it is drained when Redis has them."""
        for queue in self._node.queues_of(message.pool):
            row = self._node.queues[queue]
            if row.removing:  # else it was drained while this was in the inbox, and is another one
                row.due = True
                self._tell_workers_manager(queue, HandBack())

    @handles(QueueDrained)
    def finish_removal(self, message: QueueDrained) -> None:
        """Stop the supervisor of queues of which none holds a job any more, and forget them."""
        row = self._node.queues.get(message.queue)
        if row is None or not row.removing:
            return
        pool = row.pool
        if any(one.status != "paused" for one in self._node.rows_of(pool)):
            return  # of a group; the last one finishes
        try:
            self._ask_supervisor(TerminateChild(pool))
            self._ask_supervisor(DeleteChild(pool))
        except ChildNotFound:
            log.debug("%s was removed already", pool)  # by this actor, before it crashed
        try:
            error = self._delete_jobs(pool)
        except (OtpError, ActorDeadError):
            self.send_after(_SUCCESSOR_SECONDS, message)  # who was to delete them has died
            return
        self._removals_due.pop(pool).cancel()
        self._forget(pool)
        for caller in self._removals.pop(pool, []):
            caller.reply() if error is None else caller.refuse(error)

    def _delete_jobs(self, pool: str) -> VerkError | None:
        """Delete the waiting jobs of what is removed, where that is wanted; returns why it could not be done."""
        for queue in self._node.queues_of(pool):
            row = self._node.queues[queue]
            if row.deleting:
                try:
                    self._ask(self.whereis(row.server.named(names.GENERAL_CONNECTION)), DeleteJobs(queue))
                except VerkError as error:
                    log.error("%s: its jobs could not be deleted: %s", queue, error)
                    return error
        return None

    def _forget(self, pool: str) -> None:
        for queue in self._node.queues_of(pool):
            del self._node.queues[queue]

    def _start_removal(self, pool: str) -> None:
        for queue in self._node.queues_of(pool):
            self._tell_workers_manager(queue, Pause())
            if self._node.queues[queue].status == "paused":
                self.actor_ref.cast(QueueDrained(queue))
        seconds = self._node.config.shutdown_timeout_seconds
        self._removals_due[pool] = self.send_after(seconds, RemovalDue(pool))

    def _checked(self, name: str, settings: QueueConfig | int) -> QueueConfig:
        """Return the settings of what is to be added, checked as in a configuration that has the others too."""
        pools = {row.pool: row.config for row in self._node.queues.values()} | {name: settings}
        groups = {pool: config for pool, config in pools.items() if isinstance(config, QueueGroup)}
        queues = {pool: config for pool, config in pools.items() if pool not in groups}
        config = attrs.evolve(self._node.config, queues=queues, groups=groups)
        return groups[name] if name in groups else config.queues[name]

    def _queues_named(self, name: str) -> Sequence[str]:
        """Return the queue of that name, or the queues of the group of that name."""
        queues = (name,) if name in self._node.queues else self._node.queues_of(name)
        if not queues:
            raise Refused(QueueNotFound(name))
        return queues

    def _rows_of_pool(self, name: str) -> Sequence[QueueRow]:
        """Return the rows of a queue that shares its workers with no other, or of a group."""
        row = self._node.queues.get(name)
        if row is not None and row.pool != name:
            raise Refused(QueueInGroup(name, row.pool))
        return [self._node.queues[queue] for queue in self._queues_named(name)]

    def _refuse_removed(self, name: str) -> None:
        if any(self._node.queues[queue].removing for queue in self._queues_named(name)):
            raise Refused(QueueNotFound(name))

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
        """Pass a message on; where there is no such process now, the next one reads the table."""
        self.cast_to(names.workers_manager(queue), message)
