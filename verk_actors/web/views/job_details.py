"""Everything that is known of one job, wherever it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeAlias

import attrs

from verk_actors.jobs.run import JobRun
from verk_actors.store.members import Malformed, Member, payload_of
from verk_actors.web.redaction import HIDDEN, Redaction
from verk_actors.wire.bookkeeping import UNDECODABLE
from verk_actors.wire.job import Job

JobWhere: TypeAlias = Literal["running", "queue", "retries", "scheduled", "dead", "limit"]

_OPTIONS = (
    *("max_retry_count", "dead", "unique_for", "unique_until", "unique_token", "unlocks_at"),
    *("expires_in", "retry_for", "result_for", "batch", "cron"),
)
_DEFAULTS = {field.name: field.default for field in attrs.fields(Job) if field.name in _OPTIONS}


@attrs.frozen
class Moment:
    """Something that has happened to a job, or is to.

    Attributes:
        what: a word or two.
        at: unix seconds.
    """

    what: str
    at: float


@attrs.frozen(kw_only=True)
class JobDetails:
    """One job.

    Attributes:
        where: it is found.
        handle: what it is called in the forms of a set; None elsewhere.
        jid, class_, queue, args: None where it says nothing of them, or is none.
        flaw: why it is no job; None for one.
        retry_count: how many of its runs have failed.
        error_class, error_message, error_backtrace: of the last of them.
        timeline: what has happened to it and what will, the earliest first.
        options: what it says of how it is to be run, without what is so anyway.
        extra: the keys that are not known here.
        wire_format: the form it is written in, Sidekiq's or Verk's.
        size: of its payload, in bytes; None for a running one, of which its node tells.
        raw: the payload itself, as text; None where arguments may be hidden.
        run: of a running one, where and for how long.
    """

    where: JobWhere
    handle: str | None = None
    jid: str | None
    class_: str | None = None
    queue: str | None = None
    args: list[Any] | None = None
    flaw: str | None = None
    retry_count: int = 0
    error_class: str | None = None
    error_message: str | None = None
    error_backtrace: tuple[str, ...] = ()
    timeline: list[Moment] = attrs.field(factory=list)
    options: Mapping[str, Any] = attrs.field(factory=dict)
    extra: Mapping[str, Any] = attrs.field(factory=dict)
    wire_format: str | None = None
    size: int | None = None
    raw: str | None = None
    run: JobRun | None = None


def details_of(
    member: Member, where: JobWhere, redaction: Redaction, *, at: float | None = None, handle: str | None = None
) -> JobDetails:
    """Return what is known of what is found in a queue or a set.

    Args:
        member: what was found.
        where: it was found.
        redaction: what is shown of arguments.
        at: its time there, in a set.
        handle: its name there.
    """
    payload = payload_of(member)
    raw = None if redaction.is_on else payload.decode("utf-8", "backslashreplace")
    if isinstance(member, Malformed):
        return JobDetails(where=where, handle=handle, jid=None, flaw=member.reason, size=len(payload), raw=raw)
    return JobDetails(
        where=where,
        handle=handle,
        jid=member.jid,
        class_=member.class_,
        queue=member.queue,
        args=redaction.args(member.class_, member.args),
        retry_count=member.retry_count,
        error_class=member.error_class,
        error_message=member.error_message,
        error_backtrace=member.error_backtrace or (),
        timeline=sorted(_moments(member, where, at), key=lambda moment: moment.at),
        options={name: value for name in _OPTIONS if (value := getattr(member, name)) != _DEFAULTS[name]},
        extra=_extra(member, redaction),
        wire_format=member.wire_format,
        size=len(payload),
        raw=raw,
    )


def details_of_run(run: JobRun, redaction: Redaction) -> JobDetails:
    """Return what its node tells of a running job."""
    args = None if run.args is None else redaction.args(run.class_, run.args)
    return JobDetails(
        where="running",
        jid=run.jid,
        class_=run.class_,
        queue=run.queue,
        args=args,
        timeline=[Moment("started", run.started_at)],
        run=attrs.evolve(run, args=args),
    )


def _extra(job: Job, redaction: Redaction) -> Mapping[str, Any]:
    """Return the keys that are not known; of an envelope of bytes that were no job, without those where it may hide."""
    return {**job.extra, "payload": HIDDEN} if redaction.is_on and job.class_ == UNDECODABLE else job.extra


def _moments(job: Job, where: JobWhere, at: float | None) -> Iterator[Moment]:
    told = (
        ("created", job.created_at),
        ("enqueued", job.enqueued_at),
        ("failed first", job.failed_at),
        ("failed last", job.retried_at),
        ("finished", job.finished_at),
        ("died" if where == "dead" else "due", at),
        ("expires", job.expires_at),
    )
    return (Moment(what, time) for what, time in told if time is not None)
