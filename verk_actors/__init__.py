"""Redis-backed job processing on supervised Pykka actors.

The public names, and nothing else; each is imported when it is first used, so that a program that
only enqueues loads no actors.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from verk_actors.client import Client, Scheduled
    from verk_actors.client.async_client import (
        AsyncBatch,
        AsyncBatches,
        AsyncClient,
        AsyncCounters,
        AsyncCronJobs,
        AsyncLimits,
        AsyncNodes,
        AsyncPendingSet,
        AsyncQueue,
        AsyncRecentClasses,
        AsyncSortedSet,
    )
    from verk_actors.client.batch import Batch
    from verk_actors.client.cron import CronJobs
    from verk_actors.client.workflow import Chain, Group, chain, group
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
        BatchCompleted,
        BatchEvent,
        BatchProgressed,
        BatchSucceeded,
        CronJobEnqueued,
        CronJobKeptOut,
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
        JobProgressed,
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
    from verk_actors.jobs.argument_types import convert_type
    from verk_actors.jobs.builder import JobBuilder
    from verk_actors.jobs.context import CurrentJob, JobContextFilter, current_job
    from verk_actors.jobs.endings import DeathReason, Discard, JobCancelled, Kill, Snooze
    from verk_actors.jobs.job_class import JobClass, worker
    from verk_actors.jobs.progress import JobProgress
    from verk_actors.jobs.run import Cancellation, JobNotRunning, JobPlace, JobRun, NodesSilent
    from verk_actors.listener import EventListener
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
    from verk_actors.middleware import ClientMiddleware, WorkerMiddleware
    from verk_actors.settings.config import Config
    from verk_actors.settings.cron import CronConfig
    from verk_actors.settings.groups import QueueGroup
    from verk_actors.settings.limit import Limit
    from verk_actors.settings.queues import QueueConfig
    from verk_actors.settings.redis_url import RedisUrl
    from verk_actors.status import ClassStatus, ListenerStatus, QueueStatus, SystemStatus
    from verk_actors.store.all_limits import AllLimits, LimitStatus
    from verk_actors.store.all_nodes import AllNodes, NodeNotFound, NodeStatus, NodeTakesNoSignals, RescuedNode
    from verk_actors.store.batch_status import (
        BatchExists,
        BatchInBatch,
        BatchNotFound,
        BatchNotOpen,
        BatchState,
        BatchStatus,
    )
    from verk_actors.store.batches import Batches, BatchMember
    from verk_actors.store.class_counts import ClassCounts, RecentClasses, RecentPeriod
    from verk_actors.store.counters import Counters, Counts
    from verk_actors.store.cron_status import CronNotFound, CronStatus
    from verk_actors.store.handles import InvalidHandle, handle_of
    from verk_actors.store.job_filter import JobFilter
    from verk_actors.store.job_sets import DeadSet, PendingSet, RetrySet, ScheduleSet
    from verk_actors.store.lost_members import LostMember
    from verk_actors.store.members import Malformed, Member
    from verk_actors.store.processes import ProcessStatus
    from verk_actors.store.queue import Queue
    from verk_actors.store.queue_share import QueueShare
    from verk_actors.store.requests import NodeAnswers
    from verk_actors.store.server_facts import Concern, ServerFacts, Topic
    from verk_actors.store.set_steps import SetStep
    from verk_actors.store.set_walk import InvalidCursor, SetPart
    from verk_actors.tree.actor_system import ActorSystem
    from verk_actors.wire.backoff import Backoff
    from verk_actors.wire.cron_entry import CronSource
    from verk_actors.wire.cron_runs import CronOutcome, CronResult, CronRun
    from verk_actors.wire.cron_schedule import CatchUp, CronSchedule, InvalidCron
    from verk_actors.wire.failure import Failure
    from verk_actors.wire.histogram import Histogram
    from verk_actors.wire.job import Job, JobOptions, UniqueUntil, WireFormat
    from verk_actors.wire.results import InvalidResult, JobResult

_HOMES = {  # tests/architecture holds it against the imports above
    "client": "Client Scheduled",
    "client.async_client": "AsyncBatch AsyncBatches AsyncClient AsyncCounters AsyncCronJobs AsyncLimits AsyncNodes AsyncPendingSet AsyncQueue AsyncRecentClasses AsyncSortedSet",
    "client.batch": "Batch",
    "client.cron": "CronJobs",
    "client.workflow": "Chain Group chain group",
    "errors": "ConfigError DoneInPart EmbeddedServerError EnqueueUncertain EnqueuedInPart InvalidArgument InvalidJob JobClassNotFound JobClassNotImportable JobNotUnique JobTimeout MalformedJob NodeIdInUse NodeInImport ProcessDied QueueAlreadyAdded QueueInGroup QueueNotFound StoreError StoreUnavailable VerkError",
    "events": "BatchCompleted BatchEvent BatchProgressed BatchSucceeded CronJobEnqueued CronJobKeptOut DeadJobsTrimmed Event JobDead JobDiscarded JobEvent JobExpired JobFailed JobFenced JobFinished JobMalformed JobProgressed JobSnoozed JobStarted JobStuck LeaseLost NodeEvent QueueEvent QueuePaused QueuePausing QueueRunning RedisDataLost",
    "jobs.argument_types": "convert_type",
    "jobs.builder": "JobBuilder",
    "jobs.context": "CurrentJob JobContextFilter current_job",
    "jobs.endings": "DeathReason Discard JobCancelled Kill Snooze",
    "jobs.job_class": "JobClass worker",
    "jobs.progress": "JobProgress",
    "jobs.run": "Cancellation JobNotRunning JobPlace JobRun NodesSilent",
    "listener": "EventListener",
    "messages": "AddQueue CancelJob InspectJob PauseQueue Quiet RegisterListener RemoveQueue ResizeQueue ResumeQueue RunningJobs Status UnregisterListener",
    "middleware": "ClientMiddleware WorkerMiddleware",
    "settings.config": "Config",
    "settings.cron": "CronConfig",
    "settings.groups": "QueueGroup",
    "settings.limit": "Limit",
    "settings.queues": "QueueConfig",
    "settings.redis_url": "RedisUrl",
    "status": "ClassStatus ListenerStatus QueueStatus SystemStatus",
    "store.all_limits": "AllLimits LimitStatus",
    "store.all_nodes": "AllNodes NodeNotFound NodeStatus NodeTakesNoSignals RescuedNode",
    "store.batch_status": "BatchExists BatchInBatch BatchNotFound BatchNotOpen BatchState BatchStatus",
    "store.batches": "BatchMember Batches",
    "store.lost_members": "LostMember",
    "store.class_counts": "ClassCounts RecentClasses RecentPeriod",
    "store.counters": "Counters Counts",
    "store.cron_status": "CronNotFound CronStatus",
    "store.handles": "InvalidHandle handle_of",
    "store.job_filter": "JobFilter",
    "store.job_sets": "DeadSet PendingSet RetrySet ScheduleSet",
    "store.members": "Malformed Member",
    "store.processes": "ProcessStatus",
    "store.queue": "Queue",
    "store.queue_share": "QueueShare",
    "store.requests": "NodeAnswers",
    "store.server_facts": "Concern ServerFacts Topic",
    "store.set_steps": "SetStep",
    "store.set_walk": "InvalidCursor SetPart",
    "tree.actor_system": "ActorSystem",
    "wire.backoff": "Backoff",
    "wire.cron_entry": "CronSource",
    "wire.cron_runs": "CronOutcome CronResult CronRun",
    "wire.cron_schedule": "CatchUp CronSchedule InvalidCron",
    "wire.failure": "Failure",
    "wire.histogram": "Histogram",
    "wire.job": "Job JobOptions UniqueUntil WireFormat",
    "wire.results": "InvalidResult JobResult",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}

# fmt: off
__all__ = [  # spelled out once more, since strict type checkers read no table
    "ActorSystem", "AddQueue", "AllLimits", "AllNodes", "AsyncBatch", "AsyncBatches", "AsyncClient",
    "AsyncCounters", "AsyncCronJobs", "AsyncLimits", "AsyncNodes", "AsyncPendingSet", "AsyncQueue",
    "AsyncRecentClasses", "AsyncSortedSet", "Backoff", "Batch", "BatchCompleted", "BatchEvent", "BatchExists",
    "BatchInBatch", "BatchMember", "BatchNotFound", "BatchNotOpen", "BatchProgressed", "BatchState", "BatchStatus",
    "BatchSucceeded", "Batches", "CancelJob", "Cancellation", "CatchUp", "Chain", "ClassCounts", "ClassStatus",
    "Client", "ClientMiddleware", "Concern", "Config", "ConfigError", "Counters", "Counts", "CronConfig",
    "CronJobEnqueued", "CronJobKeptOut", "CronJobs", "CronNotFound", "CronOutcome", "CronResult", "CronRun",
    "CronSchedule", "CronSource", "CronStatus", "CurrentJob", "DeadJobsTrimmed", "DeadSet", "DeathReason",
    "Discard", "DoneInPart", "EmbeddedServerError", "EnqueueUncertain", "EnqueuedInPart", "Event", "EventListener",
    "Failure", "Group", "Histogram", "InspectJob", "InvalidArgument", "InvalidCron", "InvalidCursor",
    "InvalidHandle", "InvalidJob", "InvalidResult", "Job", "JobBuilder", "JobCancelled", "JobClass",
    "JobClassNotFound", "JobClassNotImportable", "JobContextFilter", "JobDead", "JobDiscarded", "JobEvent",
    "JobExpired", "JobFailed", "JobFenced", "JobFilter", "JobFinished", "JobMalformed", "JobNotRunning",
    "JobNotUnique", "JobOptions", "JobPlace", "JobProgress", "JobProgressed", "JobResult", "JobRun", "JobSnoozed",
    "JobStarted", "JobStuck", "JobTimeout", "Kill", "LeaseLost", "Limit", "LimitStatus", "ListenerStatus", "LostMember",
    "Malformed", "MalformedJob", "Member", "NodeAnswers", "NodeEvent", "NodeIdInUse", "NodeInImport",
    "NodeNotFound", "NodeStatus", "NodeTakesNoSignals", "NodesSilent", "PauseQueue", "PendingSet", "ProcessDied",
    "ProcessStatus", "Queue", "QueueAlreadyAdded", "QueueConfig", "QueueEvent", "QueueGroup", "QueueInGroup",
    "QueueNotFound", "QueuePaused", "QueuePausing", "QueueRunning", "QueueShare", "QueueStatus", "Quiet",
    "RecentClasses", "RecentPeriod", "RedisDataLost", "RedisUrl", "RegisterListener", "RemoveQueue", "RescuedNode",
    "ResizeQueue", "ResumeQueue", "RetrySet", "RunningJobs", "ScheduleSet", "Scheduled", "ServerFacts", "SetPart",
    "SetStep", "Snooze", "Status", "StoreError", "StoreUnavailable", "SystemStatus", "Topic", "UniqueUntil",
    "UnregisterListener", "VerkError", "WireFormat", "WorkerMiddleware", "chain", "convert_type", "current_job",
    "group", "handle_of", "worker",
]
# fmt: on


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
