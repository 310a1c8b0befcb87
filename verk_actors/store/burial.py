"""What becomes of a job that was given back from dead nodes too often: it goes to the dead set, and says why."""

from __future__ import annotations

import attrs

from verk_actors.errors import MalformedJob
from verk_actors.store.effects import of_end
from verk_actors.store.exchange import Settlement
from verk_actors.wire import bookkeeping
from verk_actors.wire.codec import decode
from verk_actors.wire.jid import new_jid
from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys

_POISON = "recovered from dead nodes more than {} times within 72 hours: it seems to kill them"


def poison_reason(max_recoveries: int) -> str:
    """Returns why a job is buried that was recovered more often than that."""
    return _POISON.format(max_recoveries)


@attrs.frozen
class Burial:
    """One job to be buried.

    Attributes:
        settlement: how.
        job: None where the payload holds none.
        jid: of what is in the dead set then.
        reason: why it is there.
    """

    settlement: Settlement
    job: Job | None
    jid: str
    reason: str


def burial_of(payload: bytes, queue: str, reason: str, now: float, keys: Keys) -> Burial:
    """Returns how a payload is buried: as a job that failed for that reason, or in an envelope where it is none."""
    try:
        job = decode(payload, queue)
    except MalformedJob as error:
        jid = new_jid()
        new = bookkeeping.undecodable(payload, queue=queue, reason=error.reason, jid=jid, now=now)
        return Burial(Settlement("bury", payload, new, now), None, jid, error.reason)
    new = bookkeeping.poisoned(job, reason=reason, now=now)
    return Burial(Settlement("bury", payload, new, now, of_end(job, keys)), job, job.jid or "", reason)
