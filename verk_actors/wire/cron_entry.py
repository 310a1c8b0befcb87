"""One periodic job: what is enqueued and when, and how that is written in Redis."""

from __future__ import annotations

from typing import Any, Literal, get_args

import attrs

from verk_actors.errors import InvalidJob, MalformedJob
from verk_actors.wire import options, strict_json
from verk_actors.wire.codec import decode, encode
from verk_actors.wire.cron_schedule import CronSchedule, InvalidCron
from verk_actors.wire.job import Job, is_name

CronSource = Literal["config", "code", "client"]
"""Who says that a job is periodic: a node's configuration, `@worker(cron=...)`, or a program at run time."""

SLOT_KEY = "verk_cron_at"
"""The key of a payload that tells for which time of its schedule the job was enqueued, unix seconds."""

_LONGEST_NAME = 200


@attrs.frozen
class CronEntry:
    """A periodic job.

    Attributes:
        name: tells it from the others.
        job: what is enqueued each time, under a new jid.
        schedule: when.
        source: who says so.

    Raises:
        InvalidCron: no periodic job can be called so.
    """

    name: str
    job: Job
    schedule: CronSchedule
    source: CronSource = "client"

    def __attrs_post_init__(self) -> None:
        if not is_name(self.name) or len(self.name) > _LONGEST_NAME:
            raise InvalidCron("name", self.name, f"must be a printable text of 1 to {_LONGEST_NAME} characters")

    @property
    def queue(self) -> str:
        """The queue that its jobs go to."""
        return self.job.queue or "default"

    def at(self, slot: float | None) -> Job:
        """Return the job for one of its times; for none of them where it is enqueued by hand."""
        extra = dict(self.job.extra) if slot is None else {**self.job.extra, SLOT_KEY: slot}
        return attrs.evolve(self.job, cron=self.name, extra=extra)


class MalformedEntry(ValueError):
    """Raised when what is read is no periodic job; it may be one of a later version."""


def write(entry: CronEntry) -> bytes:
    """Return what stands in Redis of a periodic job, but for its name.

    Raises:
        InvalidJob: its job can't be written.
    """
    schedule, job = entry.schedule, attrs.evolve(entry.job, queue=entry.queue, jid=None)
    fields = {
        "cron": schedule.cron,
        "timezone": schedule.timezone,
        "catch_up": schedule.catch_up,
        "catch_up_window_seconds": schedule.catch_up_window_seconds,
        "source": entry.source,
        "job": strict_json.parse(encode(job, wire_format="sidekiq")) | options.written(job),
    }
    return strict_json.write(fields)


def read(name: str, document: bytes) -> CronEntry:
    """Return the periodic job that stands in Redis.

    Raises:
        MalformedEntry: it is none.
    """
    try:
        fields: dict[str, Any] = strict_json.parse(document)
        source = fields["source"]
        schedule = CronSchedule(
            fields["cron"],
            timezone=fields["timezone"],
            catch_up=fields["catch_up"],
            catch_up_window_seconds=fields["catch_up_window_seconds"],
        )
        job = attrs.evolve(decode(strict_json.write(fields["job"])), payload=None)
        return CronEntry(name, job, schedule, source if source in get_args(CronSource) else "client")
    except (KeyError, TypeError, ValueError, InvalidCron, InvalidJob, MalformedJob, strict_json.Unwritable) as error:
        raise MalformedEntry(f"{name}: {error}") from error
