"""Enqueues jobs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias

import attrs

from verk_actors.errors import EnqueueUncertain, InvalidJob, JobNotUnique, loggable
from verk_actors.web.access import Action
from verk_actors.web.api.json_form import Between, Matching
from verk_actors.web.api.operation import Done, acts
from verk_actors.web.site import Site
from verk_actors.wire.job import MAX_COUNT, Job, UniqueUntil

_MOST_SECONDS = 4 * 10**10  # until the year 3237; a time and a length from then on are a time still (`wire.times`)

_Name: TypeAlias = Annotated[str, Matching("[!-~]{1,300}", "1 to 300 letters, digits and signs of ASCII")]
_Queue: TypeAlias = Annotated[str, Matching(r"[A-Za-z0-9_.\-]{1,128}", "1 to 128 letters, digits or any of . _ -")]
_Seconds: TypeAlias = Annotated[float, Between(1, _MOST_SECONDS)]


@attrs.frozen(kw_only=True)
class NewJob:
    """A job to be enqueued; what is left out, or null, is as a job without it has it.

    Attributes:
        class_: the name that its job class is registered under; whether any node knows it is not asked.
        args: what its run gets, in this order.
        at: when it is to run, in unix seconds; now unless given, or where that has come already.
        jid: its id; one is made unless given.
        once: whether it is enqueued only if no job of its jid was, with `once`, in the last day. So a request whose
            answer was lost can be repeated.
        max_retry_count: how often it is run again after failing.
        dead: whether it is kept among the dead when its retries are used up.
        unique_for: for how many seconds at most no second job of its queue, class and arguments is enqueued.
        unique_until: what lets the next one in sooner.
        expires_in: within how many seconds after it is enqueued, or due, it must have begun.
        retry_for: for how many seconds after its first failure it is retried.
        result_for: for how many seconds what its run returns is kept.
    """

    class_: _Name
    args: list[Any] = attrs.field(factory=list)
    at: Annotated[float, Between(0, _MOST_SECONDS)] | None = None
    jid: _Name | None = None
    once: bool = False
    max_retry_count: Annotated[int, Between(0, MAX_COUNT)] | None = None
    dead: bool = True
    unique_for: _Seconds | None = None
    unique_until: UniqueUntil = "success"
    expires_in: _Seconds | None = None
    retry_for: _Seconds | None = None
    result_for: _Seconds | None = None

    def for_queue(self, queue: str) -> Job:
        """Return the job that it means."""
        fields = {field.name: getattr(self, field.name) for field in attrs.fields(NewJob)}
        return Job(queue=queue, **{name: value for name, value in fields.items() if name not in ("at", "once")})


@attrs.frozen(kw_only=True)
class Enqueued(Done):
    """What has come of an enqueue.

    Attributes:
        message: in a sentence.
        count: 1.
        jid: the id of the job.
    """

    jid: str


@acts("/queues/{name}/jobs", Action.ENQUEUE_JOB, InvalidJob, JobNotUnique, EnqueueUncertain)
def enqueue_job(site: Site, name: _Queue, new: NewJob) -> Enqueued:
    """Put a job into a queue, or have it run there later.

    Where the answer is 503 the job may have been enqueued: with a `jid` and `once` it can be asked for again.

    Args:
        name: of the queue.
    """
    job = new.for_queue(name)
    if new.at is None:
        jid = site.client.enqueue(job, once=new.once)
    else:
        jid = site.client.schedule(job, datetime.fromtimestamp(new.at, UTC), once=new.once)
    later = "" if new.at is None else " for later"
    return Enqueued(message=f"{loggable(new.class_)} {loggable(jid)} is enqueued{later}.", jid=jid)
