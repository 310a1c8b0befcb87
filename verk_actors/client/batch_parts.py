"""What a batch is made of, as it is written: its jobs, step by step, and its callbacks. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import attrs

from verk_actors.client.preparing import Preparer, Scheduled
from verk_actors.client.workflow import Chain, Group, stages_of
from verk_actors.errors import InvalidJob
from verk_actors.store.batch_making import NewBatch
from verk_actors.store.entries import Entry
from verk_actors.wire.after import KEY as AFTER
from verk_actors.wire.after import MOST as MOST_AFTER
from verk_actors.wire.jid import new_jid
from verk_actors.wire.job import Job, is_seconds

CALLBACK_OF = "verk_callback_of"
"""The key of a callback's payload that says of which batch."""

_BID = re.compile(r"[A-Za-z0-9_.\-]{1,128}")
_LONGEST_DESCRIPTION = 1000


@attrs.frozen(kw_only=True)
class Terms:
    """What is said of a batch when it is made.

    Raises:
        InvalidJob: something can't be; it names the field.
    """

    bid: str
    on_complete: Job | None = None
    on_success: Job | None = None
    description: str = ""
    expires_in: float = 1.0
    parent: str | None = None

    def __attrs_post_init__(self) -> None:
        for field in ("bid", "parent"):
            bid = getattr(self, field)
            if bid is not None and (not isinstance(bid, str) or _BID.fullmatch(bid) is None):
                raise InvalidJob(field, bid, "must be 1 to 128 letters, digits or any of . _ -")
        for field in ("on_complete", "on_success"):
            job = getattr(self, field)
            if job is not None and not isinstance(job, Job):
                raise InvalidJob(field, job, "must be a job, such as Report.job()")
        if not isinstance(self.description, str) or len(self.description) > _LONGEST_DESCRIPTION:
            raise InvalidJob("description", self.description, f"must be a text of {_LONGEST_DESCRIPTION} at most")
        if not is_seconds(self.expires_in):
            raise InvalidJob("expires_in", self.expires_in, "must be a number of seconds above 0")

    @property
    def callback_queues(self) -> tuple[str, ...]:
        """The queues of the callbacks."""
        return tuple(job.queue or "default" for job in (self.on_complete, self.on_success) if job is not None)


def members_of(
    work: Iterable[Job | Scheduled] | Chain | Group, terms: Terms, preparer: Preparer, now: float
) -> NewBatch:
    """Return a batch as it is written.

    Raises:
        InvalidJob: one of its jobs can't be written, or be in a batch, or two of them have one id.
        TypeError: it is not made of jobs.
    """
    stages: Sequence[Sequence[Any]] = stages_of(work) if isinstance(work, Chain | Group) else [_plain(work)]
    new = _Making(terms, preparer, now).batch(terms.bid, stages, ())[0]
    for jid, count in Counter(entry.jid for entry in jobs_in(new)).items():
        if count > 1:
            raise InvalidJob("jid", jid, "is that of two jobs of the batch, which could not tell them apart")
    return new


def jobs_in(new: NewBatch) -> Iterator[Entry]:
    """Yield the jobs of a batch, those of its steps to come and of batches within it included."""
    for stage in new.stages:
        for item in stage:
            if isinstance(item, NewBatch):
                yield from jobs_in(item)
            else:
                yield item


def with_jids(jobs: Iterable[Job | Scheduled]) -> list[Job | Scheduled]:
    """Return the same jobs, each with an id."""
    given = _plain(jobs)
    return [
        attrs.evolve(one, job=_with_jid(one.job)) if isinstance(one, Scheduled) else _with_jid(one) for one in given
    ]


def _plain(jobs: Iterable[Job | Scheduled]) -> list[Job | Scheduled]:
    given = list(jobs)
    for one in given:
        if not isinstance(one, Job | Scheduled):
            raise TypeError(
                f"a batch is made of jobs, or of one chain or group, not of a list with a {type(one).__name__}"
            )
    return given


def _with_jid(job: Job) -> Job:
    return Job.of_checked({**job.__dict__, "jid": job.jid or new_jid()})


@attrs.frozen
class _Making:
    terms: Terms
    preparer: Preparer
    now: float

    def batch(
        self, bid: str, stages: Sequence[Sequence[Any]], after: tuple[str, ...], *, is_nested: bool = False
    ) -> tuple[NewBatch, tuple[str, ...]]:
        """Return a batch, and the jids of its last step."""
        made: list[list[Entry | NewBatch]] = []
        for stage in stages:
            members, after = self._stage(bid, stage, after)
            if members:
                made.append(members)
        terms, now = self.terms, self.now
        return NewBatch(
            bid=bid,
            stages=made,
            created_at=now,
            expires_at=now + terms.expires_in,
            description="" if is_nested else terms.description,
            parent=None if is_nested else terms.parent,
            on_complete=None if is_nested else self._callback("on_complete", terms.on_complete),
            on_success=None if is_nested else self._callback("on_success", terms.on_success),
        ), after

    def _stage(
        self, bid: str, stage: Sequence[Any], after: tuple[str, ...]
    ) -> tuple[list[Entry | NewBatch], tuple[str, ...]]:
        """Return the members of one step, and the jids of which the next one knows."""
        jobs = [self._member(bid, item, after) for item in stage if not isinstance(item, Chain)]
        entries = self.preparer.many(jobs, self.now)
        if any(entry.locks for entry in entries):
            why = "can't be that of a member of a batch, which would wait for another's job"
            raise InvalidJob("unique_for", None, why)
        members: list[Entry | NewBatch] = [entry for entry in entries if not entry.is_halted]
        jids: list[str] = []
        of_jobs = iter(entries)
        for item in stage:  # in the order in which the next step is to have their results
            if isinstance(item, Chain):
                within, last = self.batch(new_jid(), stages_of(item), after, is_nested=True)
                members += [within] if within.stages else []  # all of its jobs may have been halted
                jids += last
            else:
                jids.append(next(of_jobs).jid)
        return members, tuple(jids)

    def _member(self, bid: str, item: Job | Scheduled, after: tuple[str, ...]) -> Job | Scheduled:
        job = item.job if isinstance(item, Scheduled) else item
        fields = {**job.__dict__, "batch": bid}
        if 0 < len(after) <= MOST_AFTER:
            fields["extra"] = {**job.extra, AFTER: list(after)}
        member = Job.of_checked(fields)
        return attrs.evolve(item, job=member) if isinstance(item, Scheduled) else member

    def _callback(self, field: str, job: Job | None) -> Entry | None:
        if job is None:
            return None
        callback = attrs.evolve(job, extra={**job.extra, CALLBACK_OF: self.terms.bid})
        entry = self.preparer.one(callback, self.now)
        if entry.locks:
            raise InvalidJob(field, None, "can't be a unique job: it is enqueued once by itself")
        return None if entry.is_halted else entry
