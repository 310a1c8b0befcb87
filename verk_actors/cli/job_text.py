"""A job that waits, or is dead, as the command line shows it: in a line, in full, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import attrs

from verk_actors.cli.amounts import distance
from verk_actors.cli.places import Entry
from verk_actors.cli.table import lay_out
from verk_actors.errors import loggable
from verk_actors.jobs.progress import JobProgress
from verk_actors.jobs.run import JobRun
from verk_actors.store.members import Malformed
from verk_actors.wire.job import Job

_LONGEST_ERROR = 60  # letters, in a table
_LONGEST = 10_000  # letters, where a job is shown in full


@attrs.frozen(kw_only=True)
class JobDetails:
    """A job, and where it is.

    Attributes:
        place: `retry`, `scheduled`, `dead`, `queue:NAME`, or `node:ID` where it runs.
        at: its time there, unix seconds: when it is due, died, or began to run; None in a queue.
        progress: how far it is, where it runs and says so.
        malformed: why what was found is no job; all else is empty then.
    """

    place: str
    at: float | None
    jid: str | None = None
    class_: str | None = None
    queue: str | None = None
    args: Sequence[Any] | None = None
    max_retry_count: int | None = None
    retry_count: int = 0
    created_at: float | None = None
    enqueued_at: float | None = None
    failed_at: float | None = None
    retried_at: float | None = None
    error_class: str | None = None
    error_message: str | None = None
    error_backtrace: Sequence[str] | None = None
    progress: JobProgress | None = None
    extra: Mapping[str, Any] = attrs.Factory(dict)
    malformed: str | None = None

    @classmethod
    def of(cls, place: str, entry: Entry) -> JobDetails:
        """Return what is known of something found."""
        member, at = entry
        if isinstance(member, Malformed):
            return cls(place=place, at=at, malformed=member.reason)
        known = {field.name: getattr(member, field.name) for field in attrs.fields(cls) if hasattr(member, field.name)}
        return cls(place=place, at=at, **known)

    @classmethod
    def of_run(cls, run: JobRun) -> JobDetails:
        """Return what is known of a job that runs."""
        known = {name: getattr(run, name) for name in ("jid", "class_", "queue", "args", "progress")}
        return cls(place=f"node:{run.node}", at=run.started_at, **known)


def table(jobs: Iterable[JobDetails], now: float) -> str:
    """Return a line for each job."""
    return lay_out(("JID", "CLASS", "QUEUE", "WHEN", "FAILED", "ERROR"), [_row(job, now) for job in jobs])


def in_full(job: JobDetails, now: float) -> str:
    """Return all that is known of a job."""
    facts = {name: text for name, text in _facts(job, now) if text}
    width = max(map(len, facts))
    lines = [f"{name:{width}}  {text}" for name, text in facts.items()]
    return "\n".join((*lines, *(f"{'':{width}}  {loggable(line, _LONGEST)}" for line in job.error_backtrace or ())))


def payload_text(member: Job | Malformed) -> str:
    """Return the exact text of what was found, fit for a terminal."""
    payload = member.payload or b""
    return loggable(payload.decode("utf-8", "backslashreplace"), len(payload) * 4)


def _row(job: JobDetails, now: float) -> tuple[str, str, str, str, int, str]:
    when = job.at if job.at is not None else job.enqueued_at
    return (
        loggable(job.jid or ""),
        loggable(job.class_ or ""),
        loggable(job.queue or ""),
        "" if when is None else distance(when, now),
        job.retry_count,
        loggable(f"no job: {job.malformed}" if job.malformed else _error(job), _LONGEST_ERROR),
    )


def _facts(job: JobDetails, now: float) -> Iterator[tuple[str, str]]:
    def when(at: float | None) -> str:
        return "" if at is None else f"{_instant(at)}, {distance(at, now)}"

    yield "jid", loggable(job.jid or "")
    yield "class", loggable(job.class_ or "")
    yield "arguments", "" if job.args is None else loggable(json.dumps(job.args), _LONGEST)
    yield "queue", loggable(job.queue or "")
    yield "is in", loggable(job.place)
    yield {"dead": "died", "node": "runs since"}.get(job.place.partition(":")[0], "due"), when(job.at)
    yield "progress", "" if job.progress is None else loggable(str(job.progress), _LONGEST)
    yield "created", when(job.created_at)
    yield "enqueued", when(job.enqueued_at)
    yield "failed first", when(job.failed_at)
    yield "failed last", when(job.retried_at)
    of = "" if job.max_retry_count is None else f"; retried {job.max_retry_count} times at most"
    yield "failed runs", f"{job.retry_count}{of}"
    yield "other keys", loggable(json.dumps(dict(job.extra)), _LONGEST) if job.extra else ""
    yield "no job", loggable(job.malformed or "", _LONGEST)
    yield "error", loggable(_error(job), _LONGEST)


def _error(job: JobDetails) -> str:
    return ": ".join(filter(None, (job.error_class, job.error_message)))


def _instant(at: float) -> str:
    try:
        return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (ValueError, OverflowError, OSError):  # a peer wrote nonsense
        return f"{at:g}"
