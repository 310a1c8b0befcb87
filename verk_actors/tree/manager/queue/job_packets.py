"""What a ProcessWorker and its job process say to each other; pure.

First a `Setup`, answered by an empty packet. Then jobs, one at a time: the bytes as they are in Redis, after where the
job class is found, which queue the job is of and what the step before it has come to. Each is answered by its outcome.
Exceptions stay in the job process: not all of them can be sent.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import attrs

from verk_actors.settings.config import ArgsKeys, LogFormat
from verk_actors.tree.running_job import SUCCEEDED, Cancelled, Discarded, Failed, Outcome, Snoozed, Succeeded
from verk_actors.wire.failure import Failure

READY = b""
_GOES_ON, _LAST = b"\0", b"\1"


@attrs.frozen(kw_only=True)
class LogSetup:
    """How the log is set up: see `job_logging`.

    Attributes:
        lines: the form of the lines, where they are ours; then `formatter`, `line` and `date` are empty.
        has_context: the handler adds the job's fields to each record.
    """

    levels: dict[str, int]
    stream: str = ""
    lines: LogFormat | None = None
    has_context: bool = False
    formatter: str = ""
    line: str | None = None
    date: str | None = None


@attrs.frozen(kw_only=True)
class Setup:
    """What a job process is told at first.

    Attributes:
        modules: to be imported before the first job.
        main_name, main_path: what the node's program was started as, for job classes that are defined in it.
        args_keys: as the node is configured.
        middleware: where the functions are that stand around each run.
        max_result_bytes: how long what a job sets or returns may be.
        recycle_after_jobs, recycle_above_bytes: when it ends by itself; 0 for never.
    """

    node_id: str
    argv: list[str]
    modules: list[str]
    main_name: str | None
    main_path: str | None
    backtrace_frames: int
    max_result_bytes: int
    recycle_after_jobs: int
    recycle_above_bytes: int
    args_keys: ArgsKeys
    middleware: list[str]
    log: LogSetup


def setup_packet(setup: Setup) -> bytes:
    """Return the packet of a setup."""
    return json.dumps(attrs.asdict(setup)).encode()


def setup_of(packet: bytes) -> Setup:
    """Return the setup in a packet."""
    fields = json.loads(packet)
    return Setup(**fields | {"log": LogSetup(**fields["log"])})


@attrs.frozen
class JobToRun:
    """A job that is sent to be run.

    Attributes:
        reference: where its class is.
        queue: which one it is of.
        payload: the job as it is in Redis.
        previous: what the step before has come to.
    """

    reference: str
    queue: str
    payload: bytes
    previous: Sequence[bytes | None] = ()


def job_packet(job: JobToRun) -> tuple[bytes, ...]:
    """Return the parts of the packet of a job."""
    previous = b""
    if job.previous:
        texts = [None if document is None else document.decode("utf-8", "replace") for document in job.previous]
        previous = json.dumps(texts).encode()
    return job.reference.encode(), b"\n", job.queue.encode(), b"\n", previous, b"\n", job.payload


def job_of(packet: bytes) -> JobToRun:
    """Return the job of a packet."""
    reference, queue, previous, payload = packet.split(b"\n", 3)
    texts = json.loads(previous) if previous else ()
    documents = [None if text is None else text.encode() for text in texts]
    return JobToRun(reference.decode(), queue.decode(), payload, documents)


def outcome_packet(outcome: Outcome, *, last: bool) -> bytes:
    """Return the packet of how a job ended; `last` tells that the process ends now."""
    flag = _LAST if last else _GOES_ON
    if isinstance(outcome, Failed):
        failure = outcome.failure
        fields = [failure.class_name, failure.message, failure.backtrace, outcome.retry_at, outcome.dead_because]
        return flag + json.dumps(["failed", *fields]).encode()
    if isinstance(outcome, Snoozed):
        return flag + json.dumps(["snoozed", outcome.seconds]).encode()
    if isinstance(outcome, Discarded):
        return flag + json.dumps(["discarded", outcome.reason]).encode()
    if isinstance(outcome, Succeeded) and outcome.result is not None:
        return flag + json.dumps(["succeeded", outcome.result.decode()]).encode()
    if isinstance(outcome, Cancelled):
        return flag + json.dumps(["cancelled"]).encode()
    return flag


def outcome_of(packet: bytes) -> tuple[Outcome, bool]:
    """Return how a job ended, and whether its process ends."""
    last = packet[:1] == _LAST
    if len(packet) == 1:
        return SUCCEEDED, last
    kind, *fields = json.loads(packet[1:])
    if kind == "succeeded":
        return Succeeded(fields[0].encode()), last
    if kind == "snoozed":
        return Snoozed(*fields), last
    if kind == "discarded":
        return Discarded(*fields), last
    if kind == "cancelled":
        return Cancelled(), last
    class_name, message, backtrace, retry_at, dead_because = fields
    failure = Failure(class_name=class_name, message=message, backtrace=tuple(backtrace))
    return Failed(failure=failure, retry_at=retry_at, dead_because=dead_because), last
