"""Redis-backed job processing on supervised Pykka actors.

The public names, and nothing else; each is imported when it is first used, so that a program that
only enqueues loads no actors.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from verk_actors.arguments import convert_type
    from verk_actors.client import Client, Scheduled
    from verk_actors.client.async_client import AsyncClient
    from verk_actors.config import Config, QueueConfig, QueueGroup, RedisUrl
    from verk_actors.endings import Discard, JobCancelled, Kill, Snooze
    from verk_actors.errors import (
        ConfigError,
        DoneInPart,
        EmbeddedServerError,
        EnqueuedInPart,
        EnqueueUncertain,
        InvalidArgument,
        InvalidJob,
        JobClassNotFound,
        JobClassNotImportable,
        JobNotUnique,
        JobTimeout,
        MalformedJob,
        NodeIdInUse,
        NodeInImport,
        ProcessDied,
        QueueAlreadyAdded,
        QueueInGroup,
        QueueNotFound,
        StoreError,
        StoreUnavailable,
        VerkError,
    )
    from verk_actors.events import (
        DeadJobsTrimmed,
        Event,
        JobDead,
        JobDiscarded,
        JobEvent,
        JobExpired,
        JobFailed,
        JobFenced,
        JobFinished,
        JobMalformed,
        JobSnoozed,
        JobStarted,
        JobStuck,
        LeaseLost,
        NodeEvent,
        QueueEvent,
        QueuePaused,
        QueuePausing,
        QueueRunning,
        RedisDataLost,
    )
    from verk_actors.job_class import JobClass, worker
    from verk_actors.job_context import CurrentJob, JobContextFilter, current_job
    from verk_actors.job_run import Cancellation, JobNotRunning, JobRun, NodesSilent
    from verk_actors.job_run_messages import CancelJob, InspectJob, RunningJobs
    from verk_actors.listener import EventListener
    from verk_actors.messages import (
        AddQueue,
        PauseQueue,
        Quiet,
        RegisterListener,
        RemoveQueue,
        ResizeQueue,
        ResumeQueue,
        Status,
        UnregisterListener,
    )
    from verk_actors.middleware import ClientMiddleware, WorkerMiddleware
    from verk_actors.status import ListenerStatus, QueueStatus, SystemStatus
    from verk_actors.store.all_nodes import NodeNotFound, NodeTakesNoSignals
    from verk_actors.store.job_filter import JobFilter
    from verk_actors.store.members import Malformed
    from verk_actors.tree.actor_system import ActorSystem
    from verk_actors.wire.backoff import Backoff
    from verk_actors.wire.failure import Failure
    from verk_actors.wire.job import Job
    from verk_actors.wire.results import JobResult

_HOMES = {  # tests/architecture holds it against the imports above
    "arguments": "convert_type",
    "client": "Client Scheduled",
    "client.async_client": "AsyncClient",
    "config": "Config QueueConfig QueueGroup RedisUrl",
    "endings": "Discard JobCancelled Kill Snooze",
    "errors": "ConfigError DoneInPart EmbeddedServerError EnqueueUncertain EnqueuedInPart InvalidArgument InvalidJob JobClassNotFound JobClassNotImportable JobNotUnique JobTimeout MalformedJob NodeIdInUse NodeInImport ProcessDied QueueAlreadyAdded QueueInGroup QueueNotFound StoreError StoreUnavailable VerkError",
    "events": "DeadJobsTrimmed Event JobDead JobDiscarded JobEvent JobExpired JobFailed JobFenced JobFinished JobMalformed JobSnoozed JobStarted JobStuck LeaseLost NodeEvent QueueEvent QueuePaused QueuePausing QueueRunning RedisDataLost",
    "job_class": "JobClass worker",
    "job_context": "CurrentJob JobContextFilter current_job",
    "job_run": "Cancellation JobNotRunning JobRun NodesSilent",
    "job_run_messages": "CancelJob InspectJob RunningJobs",
    "listener": "EventListener",
    "messages": "AddQueue PauseQueue Quiet RegisterListener RemoveQueue ResizeQueue ResumeQueue Status UnregisterListener",
    "middleware": "ClientMiddleware WorkerMiddleware",
    "status": "ListenerStatus QueueStatus SystemStatus",
    "store.all_nodes": "NodeNotFound NodeTakesNoSignals",
    "store.job_filter": "JobFilter",
    "store.members": "Malformed",
    "tree.actor_system": "ActorSystem",
    "wire.backoff": "Backoff",
    "wire.failure": "Failure",
    "wire.job": "Job",
    "wire.results": "JobResult",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = [  # spelled out once more, since strict type checkers read no table
    "ActorSystem",
    "AddQueue",
    "AsyncClient",
    "Backoff",
    "CancelJob",
    "Cancellation",
    "Client",
    "ClientMiddleware",
    "Config",
    "ConfigError",
    "CurrentJob",
    "DeadJobsTrimmed",
    "Discard",
    "DoneInPart",
    "EmbeddedServerError",
    "EnqueueUncertain",
    "EnqueuedInPart",
    "Event",
    "EventListener",
    "Failure",
    "InspectJob",
    "InvalidArgument",
    "InvalidJob",
    "Job",
    "JobCancelled",
    "JobClass",
    "JobClassNotFound",
    "JobClassNotImportable",
    "JobContextFilter",
    "JobDead",
    "JobDiscarded",
    "JobEvent",
    "JobExpired",
    "JobFailed",
    "JobFenced",
    "JobFilter",
    "JobFinished",
    "JobMalformed",
    "JobNotRunning",
    "JobNotUnique",
    "JobResult",
    "JobRun",
    "JobSnoozed",
    "JobStarted",
    "JobStuck",
    "JobTimeout",
    "Kill",
    "LeaseLost",
    "ListenerStatus",
    "Malformed",
    "MalformedJob",
    "NodeEvent",
    "NodeIdInUse",
    "NodeInImport",
    "NodeNotFound",
    "NodeTakesNoSignals",
    "NodesSilent",
    "PauseQueue",
    "ProcessDied",
    "QueueAlreadyAdded",
    "QueueConfig",
    "QueueEvent",
    "QueueGroup",
    "QueueInGroup",
    "QueueNotFound",
    "QueuePaused",
    "QueuePausing",
    "QueueRunning",
    "QueueStatus",
    "Quiet",
    "RedisDataLost",
    "RedisUrl",
    "RegisterListener",
    "RemoveQueue",
    "ResizeQueue",
    "ResumeQueue",
    "RunningJobs",
    "Scheduled",
    "Snooze",
    "Status",
    "StoreError",
    "StoreUnavailable",
    "SystemStatus",
    "UnregisterListener",
    "VerkError",
    "WorkerMiddleware",
    "convert_type",
    "current_job",
    "worker",
]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
