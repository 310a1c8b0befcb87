"""Makes payloads of jobs: completes, checks and encodes them. Pure: knows no Redis, reads no clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import attrs

from verk_actors.errors import InvalidJob, shown
from verk_actors.jobs.endings import Discard
from verk_actors.middleware import client_chain
from verk_actors.settings.config import Config
from verk_actors.settings.references import resolved_plain
from verk_actors.store.entries import Entry, Lock
from verk_actors.wire.codec import encode
from verk_actors.wire.jid import new_jid, new_jids
from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys
from verk_actors.wire.series import Series
from verk_actors.wire.uniqueness import token_of

ONCE_SECONDS = 86_400.0
"""For how long a job that was enqueued with `once` is not enqueued again: longer than a program tries again."""

_MOST_SECONDS = 1e11  # some three thousand years; from there on a time is read as milliseconds


@attrs.frozen
class Scheduled:
    """A job that is to run later, among those of `enqueue_many`.

    Attributes:
        when: an aware datetime, or seconds from now; a time that has come already is now.
    """

    job: Job
    when: datetime | float


class Preparer:
    """Makes what is written of the jobs that a client is given.

    Raises:
        ConfigError: a middleware that the config names can't be imported, or is an `async def`.
    """

    def __init__(self, config: Config, keys: Keys) -> None:
        self._config = config
        self._keys = keys
        self._limit = config.max_payload_bytes
        self._chain = client_chain(resolved_plain("client_middleware", one) for one in config.client_middleware)

    def one(
        self, job: Job, now: float, *, when: datetime | float = 0.0, once: bool = False, new: str | None = None
    ) -> Entry:
        """Return what is written of a job.

        Args:
            when: when it is to run.
            once: whether it is enqueued only if none of its jid was, with `once`, in the last day.
            new: its jid, if it has none; a random one unless given.

        Raises:
            InvalidJob: it can't be written.
            TypeError: it is none.
        """
        if not isinstance(job, Job):
            raise TypeError(f"{shown(job)} is no job: make one, as by Report.job(...)")
        jid = job.jid or new or new_jid()
        due_at = now if when == 0.0 else max(now, unix(when, now))
        job = self._completed(job, jid, now, due_at)
        if self._chain is not None:
            passed = self._passed(self._chain, job)
            if passed is None:
                return Entry(str(job.queue), jid, b"")
            job = self._completed(passed, passed.jid or jid, now, due_at)
        if job.unique_for is not None:
            job = _unique(job, due_at + job.unique_for)
        payload = self._short(encode(job, wire_format=self._config.wire_format))
        score = None if due_at == now else self._score(due_at)
        locks = self._locks(job, now, once) if once or job.unique_for is not None else ()
        return Entry(str(job.queue), str(job.jid), payload, score, job.unique_token or "", locks)

    def many(self, jobs: Sequence[Job | Scheduled], now: float, *, once: bool = False) -> list[Entry]:
        """Return what is written of several jobs.

        Raises:
            InvalidJob: one of them can't be written; its `index` tells which.
        """
        entries: list[Entry] = []
        series = Series(now)
        is_plain = self._config.wire_format == "sidekiq" and not once and self._chain is None
        for index, (item, new) in enumerate(zip(jobs, new_jids(len(jobs)), strict=True)):
            job, when = (item.job, item.when) if isinstance(item, Scheduled) else (item, 0.0)
            try:
                if is_plain and type(item) is Job and (payload := series.encode(item, new)) is not None:
                    entries.append(Entry(item.queue or "default", new, self._short(payload)))
                else:
                    entries.append(self.one(job, now, when=when, once=once, new=new))
            except InvalidJob as error:
                error.index = index
                raise
        return entries

    def _passed(self, chain: Callable[[Job], Job], job: Job) -> Job | None:
        """Return what the middleware makes of a completed job; None where it halts the job."""
        try:
            passed = chain(job)
        except Discard:
            return None
        if not isinstance(passed, Job):
            raise TypeError(f"a client middleware returned {shown(passed)}: a job is halted by raising Discard")
        return passed

    def _short(self, payload: bytes) -> bytes:
        if len(payload) > self._limit:
            raise InvalidJob("payload", None, f"has {len(payload)} bytes; max_payload_bytes allows {self._limit}")
        return payload

    def _completed(self, job: Job, jid: str, now: float, due_at: float) -> Job:
        """Return a new job with what was left open filled in; what it has was checked when it was made."""
        config, fields, is_due = self._config, job.__dict__.copy(), due_at == now
        fields["queue"] = job.queue or "default"
        fields["jid"] = jid
        fields["enqueued_at"] = now if is_due else None
        if config.wire_format == "verk":
            if job.max_retry_count is None and is_due:  # Verk leaves it open where it schedules
                fields["max_retry_count"] = config.max_retry_count
        elif job.created_at is None:
            fields["created_at"] = now
        if job.expires_in is not None:
            fields["expires_at"] = due_at + job.expires_in
        return Job.of_checked(fields)

    def _score(self, due_at: float) -> float:
        return float(int(due_at)) if self._config.wire_format == "verk" else due_at

    def _locks(self, job: Job, now: float, once: bool) -> list[Lock]:
        locks = [Lock(self._keys.once(str(job.jid)), ONCE_SECONDS)] if once else []
        if job.unique_token is not None and job.unlocks_at is not None and job.unique_for is not None:
            locks.append(Lock(self._keys.unique(job.unique_token), job.unlocks_at - now))
        return locks


def _unique(job: Job, unlocks_at: float) -> Job:
    """Return a completed job with its lock's token and end: of what is written, which middleware may have changed."""
    fields = job.__dict__.copy()
    fields["unlocks_at"] = unlocks_at
    fields["unique_token"] = job.unique_token or _token(job)
    return Job.of_checked(fields)


def _token(job: Job) -> str:
    try:
        return token_of(str(job.queue), job.class_, job.args)
    except (TypeError, ValueError, RecursionError):
        encode(attrs.evolve(job, unique_for=None))  # says what is wrong, and where
        raise


def unix(when: datetime | float, now: float) -> float:
    """Return the unix seconds of an aware datetime, or of so many seconds from now.

    Raises:
        InvalidJob: it is neither, or a datetime without a time zone.
    """
    if isinstance(when, datetime):
        if when.tzinfo is None:
            raise InvalidJob("when", when, "needs a time zone")
        return when.timestamp()
    if not isinstance(when, int | float) or not abs(when) < _MOST_SECONDS:
        raise InvalidJob("when", when, "must be an aware datetime or a number of seconds, fewer than 1e11")
    return now + when
