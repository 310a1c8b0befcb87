"""What changes in a payload as its job lives: it comes to a queue, fails, or turns out to be no job at all.

Payloads are spliced, never written anew. Keys are set where Sidekiq and Verk set them, so that the same bytes
come out as theirs.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

from verk_actors.errors import MalformedJob
from verk_actors.wire import backtrace, strict_json
from verk_actors.wire.codec import encode, retry_of
from verk_actors.wire.failure import Failure
from verk_actors.wire.jid import new_jid
from verk_actors.wire.job import Job
from verk_actors.wire.splice import splice

MAX_MESSAGE_LENGTH = 10_000  # Sidekiq's
_MOST_ENVELOPED_BYTES = 256 * 1024 * 1024  # an envelope is a third longer, and Redis takes 512 MiB
POISONED = "VerkActors::Poisoned"
CANCELLED = "JobCancelled"
UNDECODABLE = "VerkActors::Undecodable"


def failed(job: Job, *, error: Failure, now: float, backtrace_frames: int = 25) -> bytes:
    """Returns the payload for the retry set or the dead set of a job whose current run failed.

    Args:
        job: the job as it was when the run began.
        error: how it failed.
        now: when it failed, in unix seconds.
        backtrace_frames: how many lines of the backtrace are kept.

    Source: Verk lib/verk/queue_manager.ex, retry; Sidekiq lib/sidekiq/job_retry.rb, process_retry
    """
    retry_queue = job.extra.get("retry_queue")
    changes = _identity(job, retry_queue if isinstance(retry_queue, str) else job.queue)
    changes["error_message"] = _text(error.message[:MAX_MESSAGE_LENGTH])
    # Verk doesn't know it, but a Sidekiq that ran the job leaves one
    if job.wire_format == "sidekiq" or job.error_class is not None:
        changes["error_class"] = _text(error.class_name)
    if job.failed_at is None:
        changes["failed_at"] = _time(job, now)
    if job.failed_at is not None or job.attempt > 1:  # Sidekiq Web needs it for every run but the first
        changes["retried_at"] = _time(job, now)
    changes["retry_count"] = str(job.attempt if job.wire_format == "verk" else job.attempt - 1)
    lines = tuple([_storable(line) for line in error.backtrace[:backtrace_frames]])
    if job.wire_format == "verk":
        changes["error_backtrace"] = _text(backtrace.join(lines))
    elif lines:
        changes["error_backtrace"] = _text(backtrace.pack(lines))
    elif job.error_backtrace is not None:
        changes["error_backtrace"] = "null"  # the lines of an earlier run
    return splice(_payload(job), changes)


def snoozed(job: Job) -> bytes:
    """Returns the payload for the schedule of a job that is to run again as if it had not run."""
    return splice(_payload(job), _identity(job, job.queue))


def canceled(backtrace: Sequence[str] = ()) -> Failure:
    """Returns what is kept of a job that was cancelled; the message is Exq's."""
    return Failure(class_name=CANCELLED, message="Canceled", backtrace=tuple(backtrace))


def cancelled(job: Job, *, now: float) -> bytes:
    """Returns the payload for the dead set of a job that was cancelled before it ran."""
    return failed(job, error=canceled(), now=now)


def poisoned(job: Job, *, reason: str, now: float) -> bytes:
    """Returns the payload for the dead set of a job that took its node down with it too often."""
    return failed(job, error=Failure(class_name=POISONED, message=reason), now=now)


def enqueued(job: Job, *, now: float) -> bytes:
    """Returns the payload of a job that comes to its queue at `now`, because it is due or asked for.

    In Sidekiq's form `enqueued_at` is set each time, in Verk's only the first time.
    """
    if job.wire_format == "verk" and job.enqueued_at is not None:
        return _payload(job)
    return splice(_payload(job), {"enqueued_at": _time(job, now)})


def begun(job: Job, *, now: float) -> bytes:
    """Returns the payload of a job that was written before and comes to its queue at `now`, as if it were enqueued."""
    if job.expires_in is None:
        return enqueued(job, now=now)
    expiry = {"expiry": repr(float(now + job.expires_in))}
    return splice(_payload(job), {"enqueued_at": _time(job, now)} | expiry)


def undecodable(payload: bytes, *, queue: str, reason: str, jid: str, now: float) -> bytes:
    """Returns a job for the dead set that stands for bytes which are none; `restore` gives them back.

    Bytes that are too long for that are returned as they are. Sidekiq Web can show it: a payload that isn't a JSON
    object would break its page of dead jobs.
    """
    if len(payload) > _MOST_ENVELOPED_BYTES:
        return payload
    document = {
        "retry": 0,  # run by mistake, it goes back to the dead set; false would lose it
        "queue": _storable(queue),
        "class": UNDECODABLE,
        "args": [],
        "jid": jid,
        "created_at": float(now),
        "error_message": _storable(reason[:MAX_MESSAGE_LENGTH]),
        "error_class": MalformedJob.__name__,
        "failed_at": float(now),
        "retry_count": 0,
        "payload": base64.b64encode(payload).decode(),
    }
    return strict_json.dump(document).encode()


def restore(envelope: bytes) -> bytes | None:
    """Returns the bytes that an envelope made by `undecodable` stands for; None if it is something else."""
    found = restored(envelope)
    return None if found is None else found[1]


def restored(envelope: bytes) -> tuple[str, bytes] | None:
    """Returns the same, after the queue that they go back to."""
    if UNDECODABLE.encode() not in envelope:
        return None
    try:
        # What is too long to be a job makes an envelope that is longer still
        document = strict_json.parse_with_standard_library(envelope)
        if document["class"] != UNDECODABLE:
            return None
        return str(document["queue"]), base64.b64decode(document["payload"], validate=True)
    except (ValueError, KeyError, TypeError):
        return None  # a job that happens to hold the name


def _identity(job: Job, queue: str | None) -> dict[str, str]:
    """Returns what brings a job back to a queue, in any peer's hands: Resque leaves most of it out."""
    identity = {"queue": _text(queue or "default"), "jid": _text(job.jid or new_jid())}
    return identity if job.wire_format == "verk" else {"retry": strict_json.dump(retry_of(job)), **identity}


def _payload(job: Job) -> bytes:
    return encode(job) if job.payload is None else job.payload


def _time(job: Job, now: float) -> str:
    """Returns a time as the form has it: whole seconds in Verk's, a float in Sidekiq's."""
    return str(int(now)) if job.wire_format == "verk" else repr(float(now))


def _text(text: str) -> str:
    return strict_json.dump(_storable(text))


def _storable(text: str) -> str:
    """Returns a text that UTF-8 can hold: Python's may have lone surrogates, say from file names."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
