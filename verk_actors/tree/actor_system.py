"""The root of the tree, and the front door: start it, send it messages, stop it.

Source: Verk lib/verk/supervisor.ex, with the same children in the same order and the same strategy.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from verk_actors.errors import QueueNotFound, VerkError
from verk_actors.jobs.registry import Registry
from verk_actors.jobs.registry import registry as default_registry
from verk_actors.jobs.run import JobNotRunning, JobRun
from verk_actors.messages import (
    AddQueue,
    CancelJob,
    InspectJob,
    PauseQueue,
    Quiet,
    RegisterListener,
    RemoveQueue,
    ResizeQueue,
    ResumeQueue,
    RunningJobs,
    Status,
    UnregisterListener,
)
from verk_actors.otp import (
    NORMAL,
    Backoff,
    ChildSpec,
    ChildType,
    ExitReason,
    NoProcess,
    NoReply,
    NotHandled,
    Ref,
    Refused,
    Runtime,
    Server,
    Shutdown,
    StartError,
    Stop,
    Supervisor,
    Timeout,
    handles,
    start_link,
)
from verk_actors.settings.config import Config
from verk_actors.status import SystemStatus
from verk_actors.tree import names
from verk_actors.tree.batch_manager import BatchManager
from verk_actors.tree.canceller import Canceller
from verk_actors.tree.cron_manager import CronManager
from verk_actors.tree.dashboard import Dashboard
from verk_actors.tree.event_producer import EventProducer
from verk_actors.tree.general_connection import GeneralConnection
from verk_actors.tree.health_port import HealthPort
from verk_actors.tree.job_logger import JobLogger
from verk_actors.tree.job_runs import inspected, runs_of
from verk_actors.tree.limit_manager import LimitManager
from verk_actors.tree.manager.manager_supervisor import ManagerSupervisor
from verk_actors.tree.manager.queue.job_code import refuse_in_import
from verk_actors.tree.node_log import NodeLog
from verk_actors.tree.node_manager import NodeManager
from verk_actors.tree.node_state import NodeState, RedisServer
from verk_actors.tree.node_status import status_of
from verk_actors.tree.other_servers import OtherServers
from verk_actors.tree.presence import Presence
from verk_actors.tree.queue_stats import QueueStats
from verk_actors.tree.queues_drainer import QueuesDrainer
from verk_actors.tree.schedule_manager import ScheduleManager

log = NodeLog(__name__)

# They bring jobs to queues by themselves; each server has its own.
_CLOCKWORKS: Sequence[tuple[Callable[[NodeState, RedisServer], Server], str]] = (
    (ScheduleManager, names.SCHEDULE_MANAGER),
    (BatchManager, names.BATCH_MANAGER),
    (CronManager, names.CRON_MANAGER),
    (LimitManager, names.LIMIT_MANAGER),
)
_STOP_MARGIN_SECONDS = 2.0  # beyond the drain's own deadline, to say so
_DOOR_BACKOFF = Backoff(first_seconds=1.0, max_seconds=60.0)  # of what lets others look in, and runs no jobs
_EXIT_MARGIN_SECONDS = 7.0  # beyond it, for all the rest of a stop, which takes five where Redis hangs


class ActorSystem(Supervisor):
    """A running node.

    `ActorSystem.start(config)` returns its Pykka `ActorRef`. It answers `AddQueue`, `RemoveQueue`, `ResizeQueue`,
    `PauseQueue`, `ResumeQueue`, `Quiet`, `RegisterListener`, `UnregisterListener` and `Status`; `stop()` drains and
    leaves no thread behind but those of jobs that would not end. A program that ends without it waits for the same at
    its exit; "Stop" on Sidekiq's page does the same to the system, and nothing to the program. The reason that the
    handle has then is `NORMAL`, or a `Shutdown` that says what could not be given back to Redis.
    """

    def __init__(self, config: Config, registry: Registry = default_registry) -> None:
        super().__init__()
        self.max_restarts = config.max_restarts
        self.max_seconds = config.restart_window_seconds
        self._node = NodeState.of(config, registry)

    @classmethod
    def start(cls, config: Config, registry: Registry = default_registry, *, runtime: Runtime | None = None) -> Ref:
        """Start a node and return its handle when all queues run.

        Args:
            config: what to run, and where Redis is.
            registry: the job classes; those under `@worker` unless given.
            runtime: shared clock and names, for tests.

        Raises:
            NodeIdInUse: another live process holds the configured node id.
            CannotListen: the port of `Config.health` or `Config.web` is taken.
            NodeInImport: this is a job process, which imports job classes.
        """
        refuse_in_import()
        try:
            return start_link(cls(config, registry), runtime=runtime, name=names.ACTOR_SYSTEM)
        except StartError as error:
            cause: BaseException = error
            while cause.__cause__ is not None:
                cause = cause.__cause__
            if isinstance(cause, VerkError):
                raise cause from error
            raise

    def child_specs(self) -> Sequence[ChildSpec]:
        """Return the children in Verk's order."""
        node, config = self._node, self._node.config
        drain_seconds = config.shutdown_timeout_seconds + _STOP_MARGIN_SECONDS

        def child(kind: Callable[..., Server], name: str, *arguments: Any, **options: Any) -> ChildSpec:
            return ChildSpec(id=name, start=partial(kind, node, *arguments), name=name, **options)

        presence = (child(Presence, names.PRESENCE, node.own_server),) if config.presence else ()
        # After what it looks at, before what drains, so stopped after it. Its failure is no trouble of the node.
        health = (
            (child(HealthPort, names.HEALTH_PORT, config.health, backoff=_DOOR_BACKOFF),)
            if config.health is not None
            else ()
        )
        dashboard = partial(Dashboard, config, partial(setattr, node, "dashboard_url"))
        web = (
            (ChildSpec(id=names.DASHBOARD, start=dashboard, name=names.DASHBOARD, backoff=_DOOR_BACKOFF),)
            if config.web is not None
            else ()
        )
        return (
            # What the others use to be woken.
            child(GeneralConnection, names.GENERAL_CONNECTION, node.own_server),
            # Before anything that fetches: no lease, no jobs. After it on a stop: it deregisters what is left.
            child(NodeManager, names.NODE_MANAGER, node.own_server),
            child(OtherServers, names.OTHER_SERVERS, type=ChildType.SUPERVISOR),
            # Before anything that has something to tell, and stopped after it: the last lines are written.
            child(JobLogger, names.JOB_LOGGER),
            child(QueueStats, names.QUEUE_STATS),
            child(EventProducer, names.EVENT_PRODUCER),
            *(child(kind, name, node.own_server) for kind, name in _CLOCKWORKS),
            *presence,
            *health,
            *web,
            child(Canceller, names.CANCELLER),
            child(ManagerSupervisor, names.MANAGER_SUPERVISOR, type=ChildType.SUPERVISOR),
            # Last, so stopped first: it waits for the jobs while all others work.
            child(QueuesDrainer, names.QUEUES_DRAINER, shutdown=drain_seconds),
        )

    def init(self) -> None:
        """Start everything; stopped at the interpreter's exit, where nobody does it before."""
        super().init()
        atexit.register(self._stop_at_exit)

    def terminate(self, reason: ExitReason) -> None:
        """Stop everything in reverse order; queues drain first."""
        atexit.unregister(self._stop_at_exit)
        self._node.stopping = True
        super().terminate(reason)
        abandoned = self.actor_ref.runtime.abandoned()
        if abandoned:
            log.warning("%s jobs did not end and were abandoned: %s", len(abandoned), ", ".join(abandoned))
        left = self._node.not_returned()
        if left and reason == NORMAL:
            raise Stop(Shutdown(f"Redis was away, so it keeps {left} until another node takes them"))

    def _stop_at_exit(self) -> None:
        """Stop, while the main thread waits; all threads are daemons, and what does not end now ends with them."""
        try:
            self.actor_ref.stop(timeout=self._node.config.shutdown_timeout_seconds + _EXIT_MARGIN_SECONDS)
        except Timeout:
            log.error("the node did not stop before the exit: its jobs stay in progress for other nodes to rescue")

    @handles(AddQueue, RemoveQueue, ResizeQueue, PauseQueue, ResumeQueue, Quiet)
    def _to_manager(self, message: object) -> NoReply:
        return self.forward(message, self._named(names.MANAGER))

    @handles(RegisterListener, UnregisterListener)
    def _to_event_producer(self, message: object) -> NoReply:
        return self.forward(message, self._named(names.EVENT_PRODUCER))

    @handles(Status)
    def _status(self, _: Status) -> SystemStatus:
        return status_of(self._node, self.actor_ref)

    @handles(CancelJob)
    def _to_canceller(self, message: CancelJob) -> NoReply:
        return self.forward(message, self._named(names.CANCELLER))

    @handles(RunningJobs)
    def _running_jobs(self, message: RunningJobs) -> list[JobRun]:
        try:
            return runs_of(self._node, message.queue, message.limit, self.clock.time())
        except QueueNotFound as error:
            raise Refused(error) from error

    @handles(InspectJob)
    def _inspect_job(self, message: InspectJob) -> JobRun:
        try:
            return inspected(self._node, tuple(self._node.queues.items()), message.jid, self.clock.time())
        except JobNotRunning as error:
            raise Refused(error) from error

    def on_receive(self, message: Any) -> Any:
        """Refuse what is no message of this class: a user's mistake must not stop the node."""
        raise Refused(NotHandled(str(self.actor_ref), message))

    def _named(self, name: str) -> Ref:
        ref = self.whereis(name)
        if ref is None:
            raise Refused(NoProcess(name))
        return ref
