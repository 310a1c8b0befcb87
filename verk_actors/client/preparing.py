"""Makes payloads of jobs: completes, checks and encodes them. Pure: knows no Redis, reads no clock."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

import attrs

from verk_actors.config import Config
from verk_actors.endings import Discard
from verk_actors.errors import InvalidJob, shown
from verk_actors.middleware import client_chain
from verk_actors.references import resolved
from verk_actors.store.queue import parts_of
from verk_actors.wire.codec import encode
from verk_actors.wire.jid import new_jid, new_jids
from verk_actors.wire.job import Job


@attrs.frozen
class Part:
    """Jobs of one queue that go there in one step."""

    queue: str
    jids: Sequence[str]
    payloads: Sequence[bytes] = attrs.field(repr=False)


class Preparer:
    """Makes what is written of the jobs that a client is given.

    Raises:
        ConfigError: a middleware that the config names can't be imported.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._chain = client_chain(resolved("client_middleware", one) for one in config.client_middleware)

    def one(self, job: Job, now: float, *, enqueued_at: float | None) -> Part:
        """Return what is written of a job; `enqueued_at` is None for one that is scheduled.

        Without a payload where a middleware halts the job.

        Raises:
            InvalidJob: it can't be written.
        """
        job = self._completed(job, job.jid or new_jid(), now, enqueued_at)
        if self._chain is not None:
            passed = self._passed(self._chain, job, now)
            if passed is None:
                return Part(str(job.queue), (str(job.jid),), ())
            job = passed
        return Part(str(job.queue), (str(job.jid),), (self._encoded(job),))

    def many(self, jobs: Sequence[Job], now: float) -> tuple[list[str], list[Part]]:
        """Return the jids of jobs, in their order, and the parts in which they go to their queues.

        Raises:
            InvalidJob: one of them can't be written; its `index` tells which.
        """
        jids: list[str] = []
        queues: dict[str, tuple[list[str], list[bytes]]] = {}
        for index, (job, new) in enumerate(zip(jobs, new_jids(len(jobs)), strict=True)):
            completed = self._completed(job, job.jid or new, now, now)
            jids.append(str(completed.jid))
            try:
                if self._chain is not None:
                    passed = self._passed(self._chain, completed, now)
                    if passed is None:
                        continue
                    completed = passed
                    jids[-1] = str(completed.jid)
                payload = self._encoded(completed)
            except InvalidJob as error:
                error.index = index
                raise
            jid, queue = str(completed.jid), str(completed.queue)
            if queue not in queues:
                queues[queue] = ([], [])
            of_queue = queues[queue]
            of_queue[0].append(jid)
            of_queue[1].append(payload)
        return jids, [part for queue, of_queue in queues.items() for part in _parts_of(queue, *of_queue)]

    def score(self, due_at: float) -> float:
        """Return a time as the set of scheduled jobs has it."""
        return float(int(due_at)) if self._config.wire_format == "verk" else due_at

    def _completed(self, job: Job, jid: str, now: float, enqueued_at: float | None) -> Job:
        """Return a new job with what was left open filled in; what it has was checked when it was made."""
        config, fields = self._config, job.__dict__.copy()
        fields["queue"] = job.queue or "default"
        fields["jid"] = jid
        fields["enqueued_at"] = enqueued_at
        if config.wire_format == "verk":
            if job.max_retry_count is None and enqueued_at is not None:  # Verk leaves it open where it schedules
                fields["max_retry_count"] = config.max_retry_count
        elif job.created_at is None:
            fields["created_at"] = now
        return Job.of_checked(fields)

    def _passed(self, chain: Callable[[Job], Job], job: Job, now: float) -> Job | None:
        """Return what the middleware makes of a completed job, completed again; None where it halts the job."""
        try:
            passed = chain(job)
        except Discard:
            return None
        if not isinstance(passed, Job):
            raise TypeError(f"a client middleware returned {shown(passed)}: a job is halted by raising Discard")
        return self._completed(passed, passed.jid or str(job.jid), now, job.enqueued_at)

    def _encoded(self, job: Job) -> bytes:
        return encode(job, wire_format=self._config.wire_format)


def unix(when: datetime | float, now: float) -> float:
    """Return the unix seconds of an aware datetime, or of so many seconds from now.

    Raises:
        InvalidJob: it is neither, or a datetime without a time zone.
    """
    if isinstance(when, datetime):
        if when.tzinfo is None:
            raise InvalidJob("when", when, "needs a time zone")
        return when.timestamp()
    if not isinstance(when, int | float) or not math.isfinite(when):
        raise InvalidJob("when", when, "must be an aware datetime or a finite number of seconds")
    return now + when


def jids_of(parts: Iterable[Part]) -> tuple[str, ...]:
    """Return the ids of all jobs of some parts."""
    return tuple(jid for part in parts for jid in part.jids)


def _parts_of(queue: str, jids: Sequence[str], payloads: Sequence[bytes]) -> Iterator[Part]:
    start = 0
    for part in parts_of(payloads):
        end = start + len(part)
        yield Part(queue, tuple(jids[start:end]), part)
        start = end
