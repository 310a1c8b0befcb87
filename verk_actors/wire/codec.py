"""Jobs from bytes and to bytes, in Sidekiq's form and in Verk's.

Decoding is on the hot path: each job is decoded once, in some 3 µs with msgspec. Only its class, arguments
and counts of retries can make an object malformed: an odd time or queue is no reason not to run a job.
"""

from __future__ import annotations

from typing import Any

import attrs

from verk_actors.errors import InvalidJob, MalformedJob, loggable
from verk_actors.wire import backtrace, options, strict_json, times
from verk_actors.wire.job import MAX_COUNT, Job, WireFormat, is_name

_NO_KEYS = {"extra", "wire_format", "payload", "expires_at", "batch", "cron"}  # fields of a job, but not of its payload
_KNOWN_KEYS = {field.name.rstrip("_") for field in attrs.fields(Job)} - _NO_KEYS | {"retry"} | options.KEYS


def decode(payload: bytes, queue: str | None = None) -> Job:
    """Returns the job that a payload holds, whoever wrote it: Sidekiq, Verk, Exq or Resque.

    Args:
        payload: the bytes as read from Redis; the job keeps them.
        queue: the queue it was found in, which wins over the one it names.

    Raises:
        MalformedJob: it holds no job. Keep it in the dead set for a person to see.
    """
    try:
        fields = strict_json.parse(payload)
        if type(fields) is not dict:
            raise ValueError("not a JSON object")
        return _job_of(fields, payload, queue)
    except ValueError as error:
        raise MalformedJob(payload, loggable(str(error))) from None


def _job_of(fields: dict[str, Any], payload: bytes, queue: str | None) -> Job:
    """Returns the job of a payload's fields; takes the known ones out, so that the unknown ones are left."""
    take = fields.pop
    class_, args, jid, found_queue = take("class", None), take("args", None), take("jid", None), take("queue", None)
    if not is_name(class_):
        raise ValueError("class is missing, or no printable text")
    args, wire_format = _read_args(args)
    job = {
        "class_": class_,
        "args": args,
        "queue": _read_name(found_queue) if queue is None else queue,
        "jid": _read_name(jid),
        "created_at": times.read(take("created_at", None)),
        "enqueued_at": times.read(take("enqueued_at", None)),
        "extra": fields,
        "wire_format": wire_format,
        "payload": payload,
    }
    retry = take("retry", None)
    if retry is not True or "max_retry_count" in fields:
        job["max_retry_count"] = _read_limit(retry, take("max_retry_count", None), wire_format)
    if fields:
        _read_rare(job, fields, wire_format)
    if retry is False:
        job["dead"] = False
    return Job.of_checked(job)


def _read_rare(job: dict[str, Any], fields: dict[str, Any], wire_format: WireFormat) -> None:
    """Adds the fields that most jobs don't have, which have not failed yet."""
    if not options.KEYS.isdisjoint(fields):
        job.update(options.read(fields))
    take = fields.pop
    count, lines = take("retry_count", None), take("error_backtrace", None)
    job["retry_count"] = 0 if count is None else _read_count(count, wire_format)
    job["dead"] = take("dead", True) is not False
    job["failed_at"] = times.read(take("failed_at", None))
    job["retried_at"] = times.read(take("retried_at", None))
    job["finished_at"] = times.read(take("finished_at", None))
    job["error_class"] = _read_text(take("error_class", None))
    job["error_message"] = _read_text(take("error_message", None))
    job["error_backtrace"] = None if lines is None else backtrace.read(lines)


def _read_args(args: Any) -> tuple[list[Any], WireFormat]:
    """Returns the arguments and the form they tell: Verk wraps them in a text, Sidekiq doesn't."""
    if type(args) is list:
        return args, "sidekiq"
    wire_format: WireFormat = "sidekiq"
    if type(args) is str:
        wire_format = "verk"
        try:
            args = strict_json.parse(args.encode())
        except ValueError as error:
            raise ValueError(f"args is a text that holds no JSON: {error}") from None
    if type(args) is list:
        return args, wire_format
    if args == {}:  # what Redis' cjson makes of [] when Verk moves a due job
        return [], wire_format
    raise ValueError("args is missing, or neither a list nor a text that holds one")


def _read_limit(retry: Any, limit: Any, wire_format: WireFormat) -> int | None:
    """Returns the greatest number of retries, from Sidekiq's `retry` and Verk's `max_retry_count`."""
    if limit is not None and (retry is None or wire_format == "verk"):
        return max(0, _read_integer("max_retry_count", limit))
    if retry is None or retry is True:
        return None
    return 0 if retry is False else max(0, _read_integer("retry", retry))


def _read_count(count: Any, wire_format: WireFormat) -> int:
    """Returns how many runs have failed, of which Sidekiq writes one less; "retry now" takes off another."""
    failed = _read_integer("retry_count", count) + (1 if wire_format == "sidekiq" else 0)
    return min(max(0, failed), MAX_COUNT)


def _read_integer(key: str, value: Any) -> int:
    if type(value) is not int or abs(value) > MAX_COUNT:
        raise ValueError(f"{key} is no count of retries")
    return value


def _read_name(value: Any) -> str | None:
    if type(value) is int:
        value = str(value)
    return value if is_name(value) else None


def _read_text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def encode(job: Job, *, wire_format: WireFormat | None = None) -> bytes:
    """Returns the payload of a job in one of the forms, its own unless given; `job.payload` has no say in it.

    Raises:
        InvalidJob: a value can't be written as JSON that every peer reads alike, or the payload is longer than any
            node reads. Correct the value it names.
    """
    for key in job.extra and _KNOWN_KEYS.intersection(job.extra):
        raise InvalidJob(f"extra.{key}", job.extra[key], "is a key of the job itself")
    # Verk's keys are in the alphabet's order, and its arguments are JSON within JSON
    in_verk_form = (wire_format or job.wire_format) == "verk"
    document = _verk_fields(job) if in_verk_form else _sidekiq_fields(job)
    try:
        payload = strict_json.write(document)
    except strict_json.Unwritable as error:
        flaw = error.flaw
        raise InvalidJob(flaw.path.removeprefix(".") or "extra", flaw.value, flaw.why) from None
    if in_verk_form:
        payload = strict_json.write(dict(sorted(document.items())) | {"args": strict_json.dump(job.args)})
    if len(payload) > strict_json.MAX_BYTES:
        raise InvalidJob("args", job.args, f"make a payload longer than {strict_json.MAX_BYTES} bytes")
    return payload


def _sidekiq_fields(job: Job) -> dict[str, Any]:
    """Returns what Sidekiq writes, in its order; what hasn't happened is left out."""
    retry = retry_of(job)
    fields: dict[str, Any] = {
        "retry": retry,
        "queue": job.queue,
        "class": job.class_,
        "args": job.args,
        "jid": job.jid,
        "created_at": times.exact("created_at", job.created_at),
        "enqueued_at": times.exact("enqueued_at", job.enqueued_at),
    }
    if not job.dead and retry is not False:
        fields["dead"] = False
    if options.has_any(job):
        fields |= options.written(job)
    if job.retry_count or _has_history(job):
        fields |= {
            "error_message": job.error_message,
            "error_class": job.error_class,
            "failed_at": times.exact("failed_at", job.failed_at),
            "retry_count": job.retry_count - 1 if job.retry_count else None,
            "retried_at": times.exact("retried_at", job.retried_at),
            "error_backtrace": None if job.error_backtrace is None else backtrace.pack(job.error_backtrace),
            "finished_at": times.exact("finished_at", job.finished_at),
        }
    if None in fields.values():
        fields = {key: value for key, value in fields.items() if value is not None}
    fields.update(job.extra)
    return fields


def _has_history(job: Job) -> bool:
    """Tells whether anything of an earlier run is to be written, which most jobs don't have."""
    times, error = (job.failed_at, job.retried_at, job.finished_at), (job.error_class, job.error_message)
    return times != (None, None, None) or error != (None, None) or job.error_backtrace is not None


def retry_of(job: Job) -> bool | int:
    """Returns Sidekiq's `retry`: True leaves the number to the configuration, False discards the job."""
    if job.max_retry_count is None:
        return True
    return job.max_retry_count if job.max_retry_count or job.dead else False


def _verk_fields(job: Job) -> dict[str, Any]:
    """Returns what Verk writes, which is always 13 keys, and besides them what it doesn't know."""
    fields = {
        "args": job.args,
        "class": job.class_,
        "created_at": times.whole("created_at", job.created_at),
        "enqueued_at": times.whole("enqueued_at", job.enqueued_at),
        "error_backtrace": None if job.error_backtrace is None else backtrace.join(job.error_backtrace),
        "error_message": job.error_message,
        "failed_at": times.whole("failed_at", job.failed_at),
        "finished_at": times.whole("finished_at", job.finished_at),
        "jid": job.jid,
        "max_retry_count": job.max_retry_count,
        "queue": job.queue,
        "retried_at": times.whole("retried_at", job.retried_at),
        "retry_count": job.retry_count,
        **job.extra,
    }
    if not job.dead:
        fields["dead"] = False
    if job.error_class is not None:
        fields["error_class"] = job.error_class
    if options.has_any(job):
        fields |= options.written(job)
    return fields
